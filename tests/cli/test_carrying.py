"""`casekeep import` and `casekeep export` as an operator types them, on the tests' database."""

import asyncio
import base64
import json
import logging
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import structlog
from typer.testing import CliRunner, Result

from casekeep.cases.model import CaseFacts
from casekeep.cli.main import app
from casekeep.db.database import Database
from casekeep.identity.accounts import find_user_by_email
from casekeep.kernel.ids import OrganizationId
from casekeep.settings import described
from tests.files.importing.pier import folder_of
from tests.files.room import pdf
from tests.support.database import TestServer
from tests.support.factories import make_case
from tests.support.house import DEPLOYMENT_SECRET

DOCTOR = "doctor@example.org"


@dataclass(frozen=True)
class Shell:
    """A shell on a server, with an organisation, a clinician and a case of theirs."""

    run: Callable[..., Result]
    environment: dict[str, str | None]
    data: Path
    org: str
    case: CaseFacts

    def bring(self, source: Path, *words: str) -> Result:
        return self.run("import", str(source), "--org", self.org, *self.named(), *words)

    def take(self, to: object, *words: str) -> Result:
        return self.run("export", "--org", self.org, *self.named(), "--to", str(to), *words)

    def blobs(self) -> list[Path]:
        """Everything in the store that is a blob, finished or not."""
        return [each for each in (self.data / "blobs").rglob("*") if each.is_file()]

    def named(self) -> tuple[str, str]:
        return "--case", str(self.case.number)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def org(test_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An organisation with a clinician and an administrator, the same for all tests."""
    run = _runner(_environment(test_server, tmp_path_factory.mktemp("none") / "data"))
    made = str(json.loads(run("org", "create", "Lakeside", "--json").stdout)["organization_id"])
    for role, email in (("clinician", DOCTOR), ("admin", "admin@example.org")):
        words = ("--org", made, "--role", role, "--email", email, "--password-stdin")
        assert run("user", "create", *words, stdin="long enough\n").exit_code == 0
    return made


@pytest.fixture
def shell(test_server: TestServer, org: str, tmp_path: Path) -> Shell:
    data = tmp_path / "data"
    environment = _environment(test_server, data)
    case = asyncio.run(_case(test_server.application_dsn, OrganizationId(UUID(org))))
    return Shell(_runner(environment), environment, data, org, case)


def _environment(test_server: TestServer, data: Path) -> dict[str, str | None]:
    unset: dict[str, str | None] = {f"CASEKEEP_{n.upper()}": None for n, _, _ in described()}
    return {
        **unset,
        "CASEKEEP_DATA": str(data),
        "CASEKEEP_SEALING_KEY": base64.b64encode(DEPLOYMENT_SECRET).decode(),
        "CASEKEEP_DATABASE_URL": test_server.owner_dsn,
        "CASEKEEP_DATABASE_APP_URL": test_server.application_dsn,
    }


def _runner(environment: dict[str, str | None]) -> Callable[..., Result]:
    def run(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, list(words), input=stdin, env=environment)

    return run


async def _case(dsn: str, organization_id: OrganizationId) -> CaseFacts:
    db = await Database.connect(dsn, size=1)
    try:
        doctor = await find_user_by_email(db, organization_id, DOCTOR)
        assert doctor is not None
        return await make_case(db, organization_id, clinician_id=doctor.id)
    finally:
        await db.close()


def test_there_and_back(shell: Shell, tmp_path: Path) -> None:
    source = folder_of(
        tmp_path / "files",
        {"a.pdf": pdf("a"), "sub/b.csv": b"a,b\n1,2\n", "tool.exe": b"MZ\0", ".hidden": b"x"},
    )
    rehearsed = shell.bring(source, "--dry-run")
    assert rehearsed.exit_code == 1
    assert rehearsed.stdout.splitlines() == [
        "Left out: .hidden: hidden",
        "Refused: tool.exe: the content is not of an accepted type",
        "Nothing was kept; it would be: 2 kept, 0 skipped, 1 refused, 1 left out",
    ]
    done = shell.bring(source, "--as", DOCTOR, "--category", "radiology", "--no-phi")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == "2 kept, 0 skipped, 1 refused, 1 left out"
    (source / "tool.exe").unlink()
    again = shell.bring(source, "--json")
    assert again.exit_code == 0
    told = json.loads(again.stdout)
    assert {fate: len(each) for fate, each in told.items() if fate != "dry_run"} == {
        "kept": 0,
        "skipped": 2,
        "refused": 0,
        "left_out": 1,
    }
    made = tmp_path / "case.zip"
    taken = shell.take(made, "--json")
    assert json.loads(taken.stdout) == {
        "case_id": str(shell.case.id),
        "files": 2,
        "bytes": made.stat().st_size,
    }
    assert made.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(made) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        shown = json.loads(archive.read("case.json"))
    assert [(f["path"], f["category"], f["is_phi"]) for f in manifest["files"]] == [
        ("files/a.pdf", "radiology", False),
        ("files/b.csv", "radiology", False),
    ]
    assert (shown["case"]["id"], len(shown["files"])) == (shell.case.number, 2)
    assert shell.bring(made).stdout.splitlines()[-1] == "0 kept, 2 skipped, 0 refused, 0 left out"


def test_a_killed_import_is_simply_run_again(shell: Shell, tmp_path: Path) -> None:
    files = {f"{number:03}.pdf": pdf(f"Report {number}") for number in range(60)}
    source = folder_of(tmp_path / "files", files)
    words = ("import", str(source), "--org", shell.org, *shell.named())
    program = Path(sys.executable).with_name("casekeep")
    environment = {name: each for name, each in shell.environment.items() if each is not None}
    with subprocess.Popen([program, *words], env={**os.environ, **environment}) as killed:
        while len(shell.blobs()) < 5 and killed.poll() is None:
            time.sleep(0.01)
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    told = json.loads(shell.bring(source, "--json").stdout)
    assert len(told["kept"]) + len(told["skipped"]) == len(files)
    assert told["kept"]
    assert told["skipped"]
    shell.take(tmp_path / "case.zip")
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert sorted(file["name"] for file in manifest["files"]) == sorted(files)


def test_an_export_goes_to_stdout_too(shell: Shell, tmp_path: Path) -> None:
    shell.bring(folder_of(tmp_path / "files", {"a.pdf": pdf("a")}))
    done = shell.take("-")
    assert (done.exit_code, done.stderr) == (0, "")
    (tmp_path / "case.zip").write_bytes(done.stdout_bytes)
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        assert archive.testzip() is None


def test_a_damaged_file_leaves_no_zip(shell: Shell, tmp_path: Path) -> None:
    brought = shell.bring(folder_of(tmp_path / "files", {"a.pdf": pdf("a")}), "--json")
    file_id = json.loads(brought.stdout)["kept"][0]["file_id"]
    (blob,) = shell.blobs()
    blob.write_bytes(blob.read_bytes()[:-1] + b"X")
    done = shell.take(tmp_path / "case.zip")
    assert done.exit_code == 1
    assert f"file {file_id} is missing or altered" in done.stderr
    assert not [*tmp_path.glob("case.zip*")]


def test_what_cannot_be_exported(shell: Shell, tmp_path: Path) -> None:
    made = tmp_path / "case.zip"
    made.write_bytes(b"mine")
    assert "already" in str(shell.take(made).exception)
    assert "no folder" in str(shell.take(tmp_path / "none" / "case.zip").exception)
    done = shell.run("export", "--org", shell.org, "--case", "999", "--to", f"{made}2")
    assert str(done.exception).startswith("no case has this number or id")
    assert [path.name for path in tmp_path.glob("case.zip*")] == ["case.zip"]
    assert made.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--case", "999"), "no case has this number or id"),
        (("--case", "a case"), "no case has this number or id"),
        (("--as", "nobody@example.org"), "no clinician has this email address"),
        (("--as", "admin@example.org"), "no clinician has this email address"),
        (("--org", str(uuid4())), "no organisation has this id"),
    ],
)
def test_what_could_not_run_has_a_status_of_its_own(
    shell: Shell, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = shell.bring(folder_of(tmp_path / "files", {"a.pdf": pdf("a")}), *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_source_that_is_none(shell: Shell, tmp_path: Path) -> None:
    done = shell.bring(tmp_path / "nothing")
    assert done.exit_code == 2
    assert "no folder and no ZIP" in done.stderr
