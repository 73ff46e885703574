"""The examples of the how-to run as they stand, one after the other."""

import builtins
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import Clinic, Server, casekeep
from tests.acceptance.test_first_day import code_sent_to
from tests.architecture.source import ROOT

PAGE = ROOT / "docs/howto/python-client.md"
PATIENT = "reader@example.org"
KEEPER = "keeper@example.org"


def blocks() -> list[tuple[int, str]]:
    """The Python examples, each with the line before its first."""
    text = PAGE.read_text()
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text[: each.start(1)].count("\n"), each[1]) for each in found]


def test_the_examples_run(
    server: Server,
    clinic: Clinic,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    casekeep(
        server.data,
        *("user", "create", "--org", clinic.organization_id, "--role", "admin"),
        *("--email", KEEPER, "--password-stdin"),
        stdin=f"{clinic.password}\n",
    )
    values = {
        "CASEKEEP_URL": server.url,
        "CLINICIAN_EMAIL": clinic.email,
        "CLINICIAN_PASSWORD": clinic.password,
        "ADMINISTRATOR_EMAIL": KEEPER,
        "ADMINISTRATOR_PASSWORD": clinic.password,
        "PARTNER_KEY": clinic.api_key,
        "PATIENT_EMAIL": PATIENT,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(builtins, "input", lambda _: code_sent_to(server.data, PATIENT))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__example__"}

    for line, code in blocks():
        exec(compile("\n" * line + code, PAGE, "exec"), names)  # noqa: S102 - what the test is for

    printed = capsys.readouterr().out
    for expected in (
        "sodium.csv 37 lab_files/",
        "Case not found",
        "letter.pdf",
        "litigation 2026/17",
        clinic.email,
    ):
        assert expected in printed


def test_there_are_examples() -> None:
    assert len(blocks()) > 5
