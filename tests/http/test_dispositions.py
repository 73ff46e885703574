"""Names in Content-Disposition: what clients really send, and what they must be able to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.http.dispositions import Disposition, attachment, read_disposition, read_field


def on_the_wire(value: str) -> str:
    """A field value as it arrives: each character one byte."""
    return value.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        ('filename="report.pdf"', "report.pdf"),
        ("filename=report.pdf", "report.pdf"),
        ('FileName="report.pdf"', "report.pdf"),
        ('filename=""', ""),
        ('filename="Röntgen 胸部.pdf"', "Röntgen 胸部.pdf"),
        ('filename="a; name=other; b.pdf"', "a; name=other; b.pdf"),
        ("filename=\"a; filename*=UTF-8''evil.exe\"", "a; filename*=UTF-8''evil.exe"),
        ('filename="say %22hi%22.pdf"', 'say "hi".pdf'),
        (r'filename="say \"hi\".pdf"', 'say "hi".pdf'),
        (r'filename="C:\Users\ann\report.pdf"', r"C:\Users\ann\report.pdf"),
        ('filename="ends in \\"', "ends in \\"),
        ('filename="ends in \\"; x=1', "ends in \\"),
        ('filename="100%.pdf"', "100%.pdf"),
        ('filename="../../etc/passwd"', "../../etc/passwd"),
        ('filename="nul\0byte.pdf"', "nul\0byte.pdf"),
        ("filename*=UTF-8''R%C3%B6ntgen.pdf", "Röntgen.pdf"),
        ("filename*=utf-8'de'R%C3%B6ntgen.pdf", "Röntgen.pdf"),
        ("filename*=iso-8859-1''R%F6ntgen.pdf", "Röntgen.pdf"),
        ("filename=\"old.pdf\"; filename*=UTF-8''new.pdf", "new.pdf"),
        ("filename*=UTF-8''new.pdf; filename=\"old.pdf\"", "new.pdf"),
        ("filename*=UTF-8''%ff%fe; filename=\"plain.pdf\"", "plain.pdf"),
        ("filename*=EBCDIC''x; filename=\"plain.pdf\"", "plain.pdf"),
        ('filename*=garbage; filename="plain.pdf"', "plain.pdf"),
        ('filename="first.pdf"; filename="second.pdf"', "first.pdf"),
        ("", None),
        (";;", None),
    ],
)
def test_names_as_clients_write_them(parameters: str, filename: str | None) -> None:
    value = on_the_wire(f'form-data; name="file"; {parameters}')
    assert read_disposition(value) == Disposition("form-data", "file", filename)


def test_a_name_in_an_old_charset_is_still_a_label() -> None:
    value = b'form-data; name="file"; filename="R\xf6ntgen.pdf"'.decode("latin-1")
    assert read_disposition(value) == Disposition("form-data", "file", "Röntgen.pdf")


@pytest.mark.parametrize(
    "value", ["", ";", 'form-data; name="open', 'form-data name="x"', 'form-data; name="a"b"c"']
)
def test_what_does_not_parse_is_nothing(value: str) -> None:
    assert read_disposition(value) is None


def test_parameters_of_a_content_type() -> None:
    assert read_field('Multipart/Form-Data; Boundary="a b"; charset=utf-8') == (
        "multipart/form-data",
        {"boundary": "a b", "charset": "utf-8"},
    )


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_text_is_read_without_a_crash(value: str) -> None:
    read_disposition(value)
    read_disposition("form-data;" + value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("Röntgen.pdf", "attachment; filename=\"Rontgen.pdf\"; filename*=UTF-8''R%C3%B6ntgen.pdf"),
        ("胸部", "attachment; filename=\"file\"; filename*=UTF-8''%E8%83%B8%E9%83%A8"),
        ('a"b\\c%d', "attachment; filename=\"a_b_c_d\"; filename*=UTF-8''a%22b%5Cc%25d"),
    ],
)
def test_an_attachment_has_a_name_for_old_and_new_clients(name: str, value: str) -> None:
    assert attachment(name) == value


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=255))
def test_a_name_comes_back_from_what_was_written(name: str) -> None:
    value = attachment(name)
    assert value.isascii()
    assert value.isprintable()
    read = read_disposition(value)
    assert read is not None
    assert (read.kind, read.filename) == ("attachment", name)
