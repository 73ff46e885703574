"""Tells text from binary content, and plain text from text that something would run or render. It
never changes a text, and searches without patterns that hostile content could make slow.
"""

import codecs
import re

CSV, TEXT, SVG = "text/csv", "text/plain", "image/svg+xml"

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Control characters no text has; tab, line ends, form feed and escape it may have.
_NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
_C1 = re.compile(r"[\x80-\x9f]")
_MOST_C1 = 0.1
_LINES_TO_JUDGE = 5
_RENDERS = re.compile(
    r"\s*(?:<(?:!doctype|!--|\?xml|\?php|(?:html|head|body|script|iframe|style|title|svg|table|div"
    r"|font|meta|link|object|embed|img|form|base|h[1-6]|[abip]|br)\b)|\{\\rtf|%!PS|#!)",
    re.IGNORECASE,
)
_SVG_TAG = re.compile(r"<(?:[a-z]\w{0,20}:)?svg[\s/>]", re.IGNORECASE)
_PROLOG = {"<!--": "-->", "<?": "?>", "<!": ">"}
_RUN_BY_NAME = re.compile(
    r"\.(?:html?|xhtml|shtml|mht(?:ml)?|svgz?|xml|xsl|m?js|jse|vb[es]|ws[fh]?|hta|bat|cmd|ps1|sh|py"
    r"|php|reg|url|lnk|desktop|jnlp)$",
    re.IGNORECASE,
)


def text_type(head: bytes, name: str, declared: str | None, *, whole: bool) -> str | None:
    """What text that begins with `head` is: plain, CSV or SVG; None for all else.

    `whole`: nothing follows `head`; otherwise its last character may be cut through.
    """
    text = _decoded(head, whole=whole)
    if text is None:
        return None
    if _is_svg(text):
        return SVG
    if renders(text) or runs_when_opened(name):
        return None
    said_csv = name.lower().endswith(".csv") or (declared or "").lower().startswith(CSV)
    return CSV if said_csv and _has_columns(text) else TEXT


def agrees_as_text(declared: str, found: str) -> bool:
    """Whether text found to be `found` may be declared as `declared`: CSV is plain text too."""
    return declared == TEXT and found == CSV


def renders(text: str) -> bool:
    """Whether text begins like markup, PostScript, RTF or a script (WHATWG MIME Sniffing, 7.1)."""
    return bool(_RENDERS.match(text.removeprefix("\xef\xbb\xbf")))


def runs_when_opened(name: str) -> bool:
    """Whether a double click on text of this name would run or render it."""
    return bool(_RUN_BY_NAME.search(name))


def _decoded(head: bytes, *, whole: bool) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return _decode(head[len(mark) :], encoding, whole=whole)
    text = _decode(head, "utf-8", whole=whole)
    if text is not None:
        return text
    # An 8-bit encoding, and it does not matter which: 0x80-0x9f are rare letters in all of them.
    text = _decode(head, "latin-1", whole=whole)
    return text if text is not None and len(_C1.findall(text)) <= _MOST_C1 * len(text) else None


def _decode(data: bytes, encoding: str, *, whole: bool) -> str | None:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data, final=whole)
    except UnicodeDecodeError:
        return None
    return None if _NOT_IN_TEXT.search(text) else text


def _is_svg(text: str) -> bool:
    """Whether the first element, after comments, instructions and a doctype, is `svg`."""
    at = 0
    while True:
        while text[at : at + 1].isspace():
            at += 1
        end = next((end for start, end in _PROLOG.items() if text.startswith(start, at)), None)
        if end is None:
            return bool(_SVG_TAG.match(text, at))
        found = text.find(end, at)
        if found < 0:
            return False
        at = found + len(end)


def _has_columns(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()][:_LINES_TO_JUDGE]
    return any(mark in line for line in lines for mark in ",;\t|")
