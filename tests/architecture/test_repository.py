"""The repository as a whole: complete, and free of anything that only one machine knows."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT, tracked_files

# Written in pieces, so that this file does not hold what it looks for.
_HOMES = re.compile(
    r"(?<![\w.:/])/(?:" + "|".join(["work", "farm", "root", "home", "Users"]) + r")/[\w.-]"
)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def machine_paths(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if _HOMES.search(line)]


def _texts() -> Iterator[tuple[Path, str]]:
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8")


def test_no_path_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path, text in _texts()
        for line in machine_paths(text)
    ]

    assert not found, "\n" + "\n".join(found)


def test_a_machine_path_would_be_noticed() -> None:
    home = "/".join(["", "home", "somebody", "casekeep"])

    assert machine_paths(f"see {home}") == [f"see {home}"]
    assert machine_paths("https://example.org/home/page and src/home/x") == []


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{path.relative_to(ROOT)}: {target}"
        for path, text in _texts()
        if path.suffix == ".md"
        for target in _LINK.findall(text)
        if not (path.parent / target).exists()
    ]

    assert not dead, "\n" + "\n".join(dead)


def test_the_licence_is_whole() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert licence.lstrip().startswith("Apache License\n")
    assert "9. Accepting Warranty or Additional Liability." in licence
    assert "APPENDIX: How to apply the Apache License to your work." in licence
    assert licence.rstrip().endswith("limitations under the License.")


def test_text_files_end_with_one_newline_and_have_no_trailing_space() -> None:
    untidy = [
        str(path.relative_to(ROOT))
        for path, text in _texts()
        if path.suffix in {".py", ".md", ".sql", ".toml", ".yml", ".css", ".html"}
        and text
        and (not text.endswith("\n") or re.search(r"[ \t]+$", text, re.MULTILINE))
    ]

    assert not untidy
