"""Names of files: what people read, and what a URL can carry. A name here is a label only; nothing
on disk is ever called by it.
"""

import re
import unicodedata

LONGEST = 255
"""Characters that a name may have."""

SOMETHING_SEEN = r"[^\s\x00-\x1f\x7f-\x9f\ufeff]"
"""A character that is no white space and no control character, said so that Python and ECMA-262
(the regular expressions of JSON Schema) find the same.
"""

_NAMELESS = "file"
_LONGEST_SUFFIX = 20
# Characters that show nothing, or that turn the direction of text around, so that a name reads as
# another one. The two joiners are letters' helpers in Persian, in Indic scripts and in emoji.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}
_BETWEEN_PARTS = re.compile(r"[/\\]")
_NOT_IN_A_PATH = re.compile(r'[/\\#?%:*"<>|]')
# Windows' names of devices, whatever follows a dot ("Naming Files, Paths, and Namespaces").
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])( *\.|$)", re.IGNORECASE)
_LONGEST_ON_DISK = 200  # bytes; disks take 255, and a number may have to be added


def is_blank(name: str) -> bool:
    """Whether nothing of a name as a client sent it can be seen."""
    return not re.search(SOMETHING_SEEN, name)


def clean_name(raw: str) -> str:
    """The label for a name as a client sent it: in NFC, without path, control and direction
    characters, 1 to LONGEST characters, the extension kept. Cleaning twice changes nothing.
    """
    seen = "".join(_seen(character) for character in raw)
    parts = (_tidy(part) for part in reversed(_BETWEEN_PARTS.split(seen)))
    return _shortened(next((part for part in parts if part), _NAMELESS), LONGEST)


def path_name(label: str) -> str:
    """`label` as the last part of a URL's path: without the characters that end or split one, or
    that file systems refuse when it is saved.
    """
    plain = _NOT_IN_A_PATH.sub("_", label)
    return clean_name("".join(each for each in plain if each.isprintable()))


def disk_name(label: str) -> str:
    """`label` as the name of a file on any system's disk: of at most 200 bytes, neither hidden nor
    the name of a device.
    """
    name = path_name(label)
    if name.startswith(".") or _DEVICE.match(name):
        name = f"_{name}"
    stem, suffix = _stem_and_suffix(name)
    most = _LONGEST_ON_DISK - len(suffix.encode())
    return stem.encode()[:most].decode(errors="ignore").rstrip(". ") + suffix


def numbered(name: str, number: int) -> str:
    """The `number`-th file of one name: `report.pdf`, `report (2).pdf`, … (clinician contract)."""
    if number == 1:
        return name
    stem, suffix = _stem_and_suffix(name)
    mark = f" ({number})"
    return stem[: LONGEST - len(suffix) - len(mark)].rstrip() + mark + suffix


def _seen(character: str) -> str:
    if character in _JOINERS:
        return character
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _UNSEEN else character


def _tidy(part: str) -> str:
    """One part of a path in NFC, single-spaced; empty if it names nothing (`.`, `..`, blanks)."""
    tidy = " ".join(unicodedata.normalize("NFC", part).split()).rstrip(". ")
    return tidy if tidy.strip("\u200c\u200d. ") else ""


def _shortened(name: str, longest: int) -> str:
    if len(name) <= longest:
        return name
    stem, suffix = _stem_and_suffix(name)
    return stem[: longest - len(suffix)].rstrip(". ") + suffix


def _stem_and_suffix(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    if not stem.strip(". ") or len(suffix) > _LONGEST_SUFFIX:
        return name, ""
    return stem, dot + suffix
