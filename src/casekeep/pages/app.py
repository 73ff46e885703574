"""The pages' application: the front page, a readable page for each contract and, for the synthetic
clinic only, its mailbox.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from casekeep.http.failures import log_failure
from casekeep.settings import Settings

from .contract import read_contract
from .demo_clinic import DemoClinic, read_demo_clinic
from .mailbox import read_mailbox

_ASSETS = Path(__file__).parent / "assets"
_STYLES = frozenset({"page.css", "contract.css"})
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_templates = Environment(
    loader=PackageLoader("casekeep.pages"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Published(NamedTuple):
    """A contract's OpenAPI document, and the path where programs find it."""

    document: dict[str, Any]
    path: str


_NONE: Mapping[str, Published] = {}


def build_app(settings: Settings, contracts: Mapping[str, Published] = _NONE) -> Litestar:
    """The pages. With `settings.demo` they show who can sign in, and the mail that was sent.
    `contracts`: those that are served, by the name that their page has below `/docs`.
    """
    data = Path(settings.data)
    readable = {name: read_contract(each.document) for name, each in contracts.items()}

    def origin(request: Request[Any, Any, Any]) -> str:
        return settings.public_url or str(request.base_url).rstrip("/")

    @get("/", include_in_schema=False, sync_to_thread=True)
    def front_page(request: Request[Any, Any, Any]) -> Response[str]:
        clinic = read_demo_clinic(data) if settings.demo else DemoClinic()
        return _page("front.html", clinic=clinic, origin=origin(request))

    @get("/docs/{name:str}", include_in_schema=False, sync_to_thread=True)
    def contract_page(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
        if name not in readable:
            raise NotFoundException
        facts = {"contract": readable[name], "source": contracts[name].path}
        return _page("contract.html", origin=origin(request), **facts)

    @get("/demo/mailbox", include_in_schema=False, sync_to_thread=True)
    def mailbox() -> Response[str]:
        if not settings.demo:
            raise NotFoundException
        return _page("mailbox.html", letters=read_mailbox(data / "outbox"))

    @get("/assets/{name:str}", include_in_schema=False, sync_to_thread=True)
    def style(name: FromPath[str]) -> Response[bytes]:
        if name not in _STYLES:
            raise NotFoundException
        body = (_ASSETS / name).read_bytes()
        return Response(body, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    return Litestar(
        [front_page, contract_page, mailbox, style],
        openapi_config=None,
        logging_config=None,
        exception_handlers={Exception: _failed},
    )


def _page(name: str, **facts: Any) -> Response[str]:  # noqa: ANN401 - whatever the page shows
    html = _templates.get_template(name).render(**facts)
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return Response(html, media_type="text/html", headers=headers)


def _failed(_: Request[Any, Any, Any], error: Exception) -> Response[str]:
    if isinstance(error, HTTPException) and error.status_code < HTTP_500_INTERNAL_SERVER_ERROR:
        return Response("Not found", status_code=error.status_code, media_type="text/plain")
    log_failure("page.failed", error)
    return Response("This page could not be shown", status_code=500, media_type="text/plain")
