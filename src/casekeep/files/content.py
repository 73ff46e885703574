"""Says what a file is, by its first bytes; what a name or a client claims never makes a type, and
nothing is parsed. The signatures come from the formats' own definitions, because general detectors
take any OLE file for a Word document, any ZIP for a spreadsheet, a program for an audio filter.
"""

from casekeep.files.text import CSV, SVG, TEXT, agrees_as_text, renders, text_type
from casekeep.kernel.errors import FileTypeRefused

HEAD = 1 << 16
"""How many bytes from the start of a file decide what it is."""

PDF, DICOM, MSWORD = "application/pdf", "application/dicom", "application/msword"
JPEG, PNG, TIFF, WEBP, HEIC = "image/jpeg", "image/png", "image/tiff", "image/webp", "image/heic"

CLINICAL_TYPES = frozenset({PDF, CSV, TEXT, DICOM, JPEG, PNG, TIFF, WEBP, HEIC})
"""What clinicians may add (clinician contract, "Accepted")."""

PORTAL_TYPES = frozenset({PDF, MSWORD, CSV, TEXT, JPEG, PNG, SVG, TIFF, WEBP})
"""What patients may add (portal contract, "Types")."""

_STARTS = {
    b"\xff\xd8\xff": JPEG,  # ITU-T T.81, B.1.1.3: SOI, then the next marker
    b"\x89PNG\r\n\x1a\n": PNG,  # ISO/IEC 15948, 5.2
    b"II*\0": TIFF,  # TIFF 6.0, section 2; `+` is BigTIFF
    b"MM\0*": TIFF,
    b"II+\0": TIFF,
    b"MM\0+": TIFF,
}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis"}  # ISO/IEC 23008-12, B.4.1
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD_STREAM = "WordDocument".encode("utf-16-le")
_WORD_FIB = b"\xec\xa5"  # MS-DOC 2.5.2, wIdent: the stream is mostly the file's first sector
_FIRST_SECTOR = 512
_PDF_WITHIN = 1024  # ISO 32000-1, Annex H: where readers look for the header
_PREAMBLE = 128  # DICOM PS3.10, 7.1
_LONGEST_BRANDS = 1024
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"#!",
)
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"GIF8", _OLE)


def sniff(head: bytes, name: str, *, declared: str | None = None) -> str:
    """The media type of content that begins with `head` (HEAD bytes of it, or all if it is less).

    `name` and `declared` only tell CSV from plain text; and text whose name would make it a program
    is refused. Raises FileTypeRefused for all that is in neither of the sets above.
    """
    found = _binary(head) or text_type(head, name, declared, whole=len(head) < HEAD)
    if found is None:
        raise FileTypeRefused(f"{name}: the content is not of an accepted type")
    return found


def agrees(declared: str, found: str) -> bool:
    """Whether content found to be `found` may be declared as `declared` (CSV is plain text too)."""
    said = declared.partition(";")[0].strip().lower()
    return said == found or agrees_as_text(said, found)


def _binary(head: bytes) -> str | None:
    if head[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        # The preamble may be a TIFF header (PS3.10, 7.1); a program's header is an attack.
        return None if head.startswith(_PROGRAMS) else DICOM
    for start, media_type in _STARTS.items():
        if head.startswith(start):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return HEIC if _brands(head) & _HEIC_BRANDS else None
    if head.startswith(_OLE):
        return MSWORD if _is_word(head) else None
    return PDF if _is_pdf(head) else None


def _brands(head: bytes) -> set[bytes]:
    """The major and the compatible brands of an ISO base media file (ISO/IEC 14496-12, 4.3)."""
    size = min(int.from_bytes(head[:4], "big"), _LONGEST_BRANDS)
    return {head[8:12], *(head[at : at + 4] for at in range(16, size, 4))}


def _is_word(head: bytes) -> bool:
    first_sector = head[_FIRST_SECTOR : _FIRST_SECTOR + 2]
    return first_sector == _WORD_FIB or _WORD_STREAM in head


def _is_pdf(head: bytes) -> bool:
    if head.startswith(b"%PDF-"):
        return True
    start = head[:_PDF_WITHIN]
    return (
        b"%PDF-" in start
        and not start.startswith(_PROGRAMS + _ARCHIVES)
        and not renders(start.decode("latin-1"))
    )
