"""Paths of requests: made tidy before they are routed, and made harmless before they are logged."""

from collections.abc import Iterable

from .asgi import ASGIApp, Receive, Scope, Send


class TidyPaths:
    """Reads `//files/…` as `/files/…`: a client joins its base with a slash to a `file_url` that
    begins with one (clinician contract, "Files").
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "http" and scope["path"].startswith("//"):
            raw = scope.get("raw_path")
            tidy = {"path": "/" + scope["path"].lstrip("/")}
            scope = {**scope, **tidy, "raw_path": raw and b"/" + raw.lstrip(b"/")}
        await self._app(scope, receive, send)


def fixed_words(templates: Iterable[str]) -> frozenset[str]:
    """The words of route templates such as `/cases/file/{file_id:str}` that are no parameters."""
    segments = (segment for template in templates for segment in template.split("/"))
    return frozenset(segment for segment in segments if segment and "{" not in segment)


def loggable(path: str, words: frozenset[str]) -> str:
    """`path` up to its first segment that is not one of our own `words`: an id, a name, a token, or
    whatever else a stranger wrote there, is never logged: `/cases/file/*`.
    """
    kept = [""]
    for segment in path.split("/")[1:]:
        if segment not in words:
            return "/".join([*kept, "*" if segment else ""])
        kept.append(segment)
    return "/".join(kept)
