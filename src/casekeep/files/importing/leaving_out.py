"""Says what of a folder or an archive is no file of anybody's: what systems put beside files."""

import re

SYMBOLIC_LINK = "a symbolic link; it is not followed"
NO_FILE = "neither a file nor a folder"

_SYSTEM = {
    *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin"),
    *("system volume information", "lost+found"),
}
_BETWEEN_PARTS = re.compile(r"[/\\]")


def parts_of(path: str) -> list[str]:
    """The names that a path is made of, whichever slash is between them."""
    return _BETWEEN_PARTS.split(path)


def why_left_out(path: str) -> str | None:
    """Why a path is left out; None if it is not."""
    for part in parts_of(path):
        if part.lower() in _SYSTEM:
            return "a file of the system"
        if part.startswith("."):
            return "hidden"
        if part.startswith("~$"):
            return "a lock of an office program"
    return None
