"""The clinician contract as an application of its own: routes, words, OpenAPI document."""

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from casekeep.http.house import House

from . import cases, files, sign_in
from .errors import HANDLERS

_LARGEST_BODY = 65_536  # of what is read into memory; uploads stream past it
_OPENAPI = OpenAPIConfig(
    title="Casekeep clinician API",
    version="1",
    description="Cases and their files, for clinicians' software.",
    path="/openapi",
    render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    components=Components(
        security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
    ),
    use_handler_docstrings=True,
)


def build_app(house: House) -> Litestar:
    """The application over an assembled house; it needs no startup event."""
    return Litestar(
        [sign_in.router, cases.router, files.router, files.download],
        state=State({"house": house}),
        exception_handlers=HANDLERS,
        openapi_config=_OPENAPI,
        request_max_body_size=_LARGEST_BODY,
        logging_config=None,
    )
