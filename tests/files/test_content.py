import io

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from casekeep.files.content import CLINICAL_TYPES, HEAD, PORTAL_TYPES, agrees, sniff
from casekeep.kernel.errors import FileTypeRefused
from tests.files.room import image, pdf

HEIC = b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf" + b"\0\0\0\x08mdat"
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + b"\0\0\0\x08mdat"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
WORD = OLE + b"\xec\xa5\xc1\0" + bytes(600)
EXCEL = OLE + bytes(600) + "Workbook".encode("utf-16-le")
SVG = b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
EXE = b"MZ\x90\0\x03\0\0\0\x04" + bytes(300)


def dicom(preamble: bytes = bytes(128)) -> bytes:
    data = Dataset()
    data.PatientID = "synthetic"
    data.SOPClassUID = CTImageStorage
    data.SOPInstanceUID = generate_uid()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = io.BytesIO()
    pydicom.dcmwrite(file, data, enforce_file_format=True)
    return preamble + file.getvalue()[128:]


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (pdf(), "a.pdf", "application/pdf"),
        (pdf(), "a picture.jpg", "application/pdf"),
        (b"\r\n junk " * 50 + pdf(), "a.pdf", "application/pdf"),
        (image("JPEG"), "a", "image/jpeg"),
        (image("PNG"), "a.png", "image/png"),
        (image("TIFF"), "a.tif", "image/tiff"),
        (image("WEBP"), "a.webp", "image/webp"),
        (HEIC, "a.heic", "image/heic"),
        (dicom(), "a.dcm", "application/dicom"),
        (dicom(b"II*\0" + bytes(124)), "a.dcm", "application/dicom"),
        (WORD, "a.doc", "application/msword"),
        (SVG, "a.svg", "image/svg+xml"),
        (b"name;value\nHb;14,2\n", "a.csv", "text/csv"),
        (b"name,value\nHb,14.2\n", "A.CSV", "text/csv"),
        (b"name,value\nHb,14.2\n", "a.txt", "text/plain"),
        (b"one column only\n", "a.csv", "text/plain"),
        ("Größe 1,80 m\n".encode(), "a.txt", "text/plain"),
        ("Größe 1,80 m\n".encode("latin-1"), "a.txt", "text/plain"),
        ("Größe 1,80 m\n".encode("utf-16"), "a.txt", "text/plain"),
        ("Größe 1,80 m\n".encode("utf-8-sig"), "a.txt", "text/plain"),
        ("Рост 180 см\n".encode("cp1251"), "a.txt", "text/plain"),
        (b"Hb <10 mg/dL, see % of <b>\n", "a.txt", "text/plain"),
        (("a" + "é" * HEAD).encode()[:HEAD], "cut through a letter.txt", "text/plain"),
    ],
)
def test_a_type_is_what_the_content_is(content: bytes, name: str, media_type: str) -> None:
    assert sniff(content[:HEAD], name) == media_type


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (EXE, "invoice.pdf"),
        (EXE + pdf(), "both.pdf"),
        (b"\x7fELF" + bytes(60), "a.pdf"),
        (dicom(b"MZ" + bytes(126)), "program with a DICOM header.dcm"),
        (b"PK\x03\x04" + bytes(60), "a.docx"),
        (b"PK\x03\x04" + bytes(60) + pdf(), "both.pdf"),
        (b"<!doctype html><p>hello", "a.txt"),
        (b"\xef\xbb\xbf \n<HTML><script>alert(1)</script>", "a.txt"),
        ("<html>".encode("utf-16"), "a.txt"),
        (b"<script>alert(1)</script>%PDF-1.7", "a.pdf"),
        (b'<?xml version="1.0"?><note/>', "a.txt"),
        (b"<!-- " + b"<!---->" * 9000 + b"-->", "slow.svg"),
        (b'<!doctype svg [<!ENTITY a "b">]><svg/>', "entities.svg"),
        (b"{\\rtf1 hello}", "a.txt"),
        (b"%!PS-Adobe-3.0\n", "a.txt"),
        (b"#!/bin/sh\nrm -rf /\n", "a.txt"),
        (b"del *.*\r\n", "results.bat"),
        (image("GIF"), "a.gif"),
        (AVIF, "a.heic"),
        (EXCEL, "a.doc"),
        (b"RIFF\0\0\0\0WAVE", "a.webp"),
        (bytes(200), "zeros.txt"),
        (bytes(range(256)), "bytes.txt"),
        ("Größe".encode("utf-8-sig") + b"\xff", "broken.txt"),
        (b" " * 1024 + b"%PDF-1.7\0", "header too late.pdf"),
    ],
)
def test_what_is_not_accepted_is_refused_by_its_content(content: bytes, name: str) -> None:
    with pytest.raises(FileTypeRefused, match="content is not of an accepted type") as refused:
        sniff(content[:HEAD], name)
    assert str(refused.value).startswith(f"{name}: ")


def test_a_pdf_header_counts_within_the_first_1024_bytes_only() -> None:
    assert sniff(b" " * 1019 + b"%PDF-1.7\n", "a.txt") == "application/pdf"
    assert sniff(b" " * 1020 + b"%PDF-1.7\n", "a.txt") == "text/plain"


def test_a_declared_type_says_which_kind_of_text_it_is() -> None:
    assert sniff(b"a,b\n1,2\n", "values", declared="text/csv; charset=utf-8") == "text/csv"
    assert sniff(b"a,b\n1,2\n", "values", declared="text/plain") == "text/plain"
    assert agrees("Text/CSV; charset=utf-8", "text/csv")
    assert agrees("text/plain", "text/csv")
    assert not agrees("text/csv", "text/plain")
    assert not agrees("image/png", "image/jpeg")


def test_the_contracts_accept_what_they_say() -> None:
    assert set(CLINICAL_TYPES - PORTAL_TYPES) == {"image/heic", "application/dicom"}
    assert set(PORTAL_TYPES - CLINICAL_TYPES) == {"application/msword", "image/svg+xml"}
