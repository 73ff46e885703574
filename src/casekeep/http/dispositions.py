"""The Content-Disposition field, both ways: read from the parts of a form, written for a download.
A name read here is what the client wrote; it is never a path and never safe as one.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

_KIND = re.compile(r"\s*([^\s;]+)\s*")
# A quoted string in which a backslash may escape; one in which it may not (browsers never escape,
# so a name can end in a backslash); a bare token.
_PARAMETER = re.compile(
    r';\s*(?:([^\s=;"]+)\s*=\s*'
    r'(?:"((?:[^"\\]|\\.)*)"(?=\s*(?:;|$))|"([^"]*)"(?=\s*(?:;|$))|([^";]*)))?\s*'
)
_EXTENDED = re.compile(r"([A-Za-z0-9-]+)'[^']*'((?:[!#$&+.^_`|~\w-]|%[0-9A-Fa-f]{2})*)", re.ASCII)
_EXTENDED_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}

# RFC 8187, section 3.2.1: what may stand in an extended value as it is.
_PLAIN_IN_EXTENDED = "!#$&+-.^_`|~"
# RFC 6266, appendix D: backslash and percent are read differently by different clients.
_NOT_IN_FALLBACK = re.compile(r'[^\x20-\x7e]|["\\%/]')


@dataclass(frozen=True, slots=True)
class Disposition:
    """A parsed field: its kind in lower case (`form-data`), and the names it gives, if any."""

    kind: str
    name: str | None
    filename: str | None


def read_field(value: str) -> tuple[str, dict[str, str]] | None:
    """A field of the shape `kind; name=value; other="value"`: the kind in lower case, and its
    parameters by lower-case name; of one given twice, the first counts. None: it does not parse.
    """
    kind = _KIND.match(value)
    parameters = _parameters(value, kind.end()) if kind else None
    return (kind[1].lower(), parameters) if kind and parameters is not None else None


def read_disposition(value: str) -> Disposition | None:
    """Parse a field value whose characters each stand for one byte (Latin-1), as raw UTF-8 names
    come (RFC 7578, section 4.2). `filename*` (RFC 8187) wins over `filename`. None: no parse.
    """
    field = read_field(value)
    if field is None:
        return None
    kind, given = field
    filename = _extended(given.get("filename*", "")) or given.get("filename")
    return Disposition(kind, given.get("name"), filename)


def attachment(name: str) -> str:
    """The field value that has a browser save a file as `name`: an ASCII form for old clients and,
    if that is not the name itself, the exact one (RFC 6266, RFC 8187).
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    fallback = _NOT_IN_FALLBACK.sub("_", plain).strip() or "file"
    if fallback == name:
        return f'attachment; filename="{name}"'
    exact = quote(name, safe=_PLAIN_IN_EXTENDED, errors="replace")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{exact}"


def _parameters(value: str, at: int) -> dict[str, str] | None:
    found: dict[str, str] = {}
    while at < len(value):
        match = _PARAMETER.match(value, at)
        if match is None:
            return None
        at = match.end()
        key, escaped, literal, bare = match.groups()
        if key is not None:
            raw = bare.strip() if bare is not None else _unquoted(escaped, literal)
            found.setdefault(key.lower(), _decoded(raw))
    return found


def _unquoted(escaped: str | None, literal: str | None) -> str:
    raw = escaped if escaped is not None else literal or ""
    if escaped is not None and '\\"' in raw:  # the old way: backslash escapes
        return re.sub(r'\\(["\\])', r"\1", raw)
    # The browsers' way (WHATWG HTML, multipart/form-data encoding): these three, and no others.
    return raw.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _decoded(raw: str) -> str:
    octets = raw.encode("latin-1", "replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:  # an old Windows client; better a label with an odd letter than none
        return octets.decode("cp1252", "replace")


def _extended(value: str) -> str | None:
    match = _EXTENDED.fullmatch(value)
    charset = _EXTENDED_CHARSETS.get(match[1].lower()) if match else None
    if match is None or charset is None:
        return None
    try:
        return unquote_to_bytes(match[2]).decode(charset)
    except UnicodeDecodeError:
        return None
