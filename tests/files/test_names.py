import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casekeep.files.names import LONGEST, clean_name, is_blank, numbered, path_name

anything = st.text(st.characters(), max_size=400)
spiced = st.text(
    st.sampled_from("ab. /\\\0\u202e\u200d\u2028\ufeff\ud800#?%:é\u0301文"), max_size=300
)


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("report.pdf", "report.pdf"),
        ("C:\\Users\\doctor\\report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a/b/", "b"),
        ("..", "file"),
        ("", "file"),
        ("\0\u202e", "file"),
        ("\u202efdp.exe", "fdp.exe"),
        ("line\nbreak.pdf", "line break.pdf"),
        ("Cafe\u0301.pdf", "Café.pdf"),
        ("Лабораторный отчёт.pdf", "Лабораторный отчёт.pdf"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),  # noqa: RUF001 - Persian
        ("検査結果.pdf", "検査結果.pdf"),
        ("  spaced   out .pdf ", "spaced out .pdf"),
        ("ends in a dot.", "ends in a dot"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_label_is_what_people_would_call_the_file(raw: str, label: str) -> None:
    assert clean_name(raw) == label


@given(anything | spiced)
def test_a_label_is_safe_and_cleaning_it_again_changes_nothing(raw: str) -> None:
    label = clean_name(raw)
    assert 1 <= len(label) <= LONGEST
    assert label == clean_name(label)
    assert label == label.strip()
    assert not set("/\\\0\u202e\u2066\ufeff\n\r") & set(label)
    assert unicodedata.is_normalized("NFC", label)
    assert label not in {".", ".."}
    label.encode()


@given(anything | spiced)
def test_a_path_name_splits_no_url_and_prints(raw: str) -> None:
    name = path_name(clean_name(raw))
    assert 1 <= len(name) <= LONGEST
    assert not set('/\\#?%:*"<>|') & set(name)
    assert name.isprintable()
    assert name not in {".", ".."}


@given(anything | spiced, st.integers(1, 5000), st.integers(1, 5000))
def test_numbers_keep_names_apart_and_short(raw: str, one: int, other: int) -> None:
    name = path_name(clean_name(raw))
    assert len(numbered(name, one)) <= LONGEST
    assert (numbered(name, one) == numbered(name, other)) == (one == other)


def test_a_number_stands_before_the_extension() -> None:
    assert [numbered("report.pdf", number) for number in (1, 2, 3)] == [
        "report.pdf",
        "report (2).pdf",
        "report (3).pdf",
    ]
    assert numbered("README", 2) == "README (2)"
    assert numbered(".hidden", 2) == ".hidden (2)"


@pytest.mark.parametrize(
    "raw", ["", " ", "\t\n", "\x00", "\x1c", "\x7f", "\x85", "\u3000", "\ufeff"]
)
def test_a_name_of_which_nothing_is_seen_is_blank(raw: str) -> None:
    assert is_blank(raw)
    assert not is_blank(f"{raw}a{raw}")
