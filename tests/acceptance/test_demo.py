"""The synthetic clinic as a newcomer meets it: the README's calls, the pages, a second start."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.running import CASEKEEP, Server, running_server

REPOSITORY = Path(__file__).parents[2]
README = REPOSITORY / "README.md"
TUTORIAL = REPOSITORY / "docs" / "tutorial" / "first-calls.md"
ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("demo") / "data"
    data.mkdir()
    (data / "casekeep.toml").write_text('webhook_private_networks = "127.0.0.1/32"\n')
    with running_server(data, "demo") as server:
        yield server


def blocks() -> list[str]:
    """The code blocks of the README that make calls."""
    return [block for block in blocks_of(README) if "curl" in block]


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"```\n(.*?)```", page.read_text(), re.DOTALL)


def typed(script: str, demo: Server) -> str:
    """What a script prints, typed in the folder that holds the demo's `data`."""
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "-euo", "pipefail", "-c", script.replace(ORIGIN, demo.url)],
        capture_output=True,
        text=True,
        check=False,
        cwd=demo.data.parent,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(block: str, demo: Server) -> list[dict[str, object]]:
    """What a block prints, one JSON document after the other."""
    decoder, text, documents = json.JSONDecoder(), typed(block, demo).strip(), []
    while text:
        document, end = decoder.raw_decode(text)
        documents.append(document)
        text = text[end:].lstrip()
    return documents


def test_the_readmes_calls_return_the_demos_files(demo: Server) -> None:
    as_clinician, as_patient = blocks()
    (listed,) = run(as_clinician, demo)
    assert listed["files"]
    _sent, answer = run(as_patient, demo)
    assert answer["status"] == 200
    assert answer["data"]["files"]  # type: ignore[index]


def test_the_tutorial_leads_to_its_end(demo: Server) -> None:
    _placeholders, *steps = (block for block in blocks_of(TUTORIAL) if "make run" not in block)
    chosen = json.loads((demo.data / "demo.json").read_text())["organizations"][0]
    clinician, patient = chosen["clinicians"][0], chosen["patients"][0]
    beginning = f"""
        BASE={demo.url} KEY={chosen["api_key"]} CASE={chosen["case_number"]}
        CLINICIAN={clinician["email"]} PASSWORD={clinician["password"]} PATIENT={patient["email"]}
        trap 'kill $(jobs -p)' EXIT
    """
    code = "CODE=$(sleep 1; curl -s $BASE/demo/mailbox | grep -oE '\\b[0-9]{6}\\b' | head -1)"
    script = (
        (beginning + "\n".join(steps))
        .replace("CODE=…", code)
        .replace("$PWD/.venv/bin", str(Path(CASEKEEP).parent))
        .replace("9000", str(free_port()))
        .replace("sleep 2\n", 'until [ "$(wc -l < told.txt)" -ge 3 ]; do sleep 0.1; done\n')
    )
    assert "…" not in script
    printed = typed(script, demo)
    assert "sodium.csv\nanalyte,value,unit\nsodium,140,mmol/L\n" in printed
    assert f" to {clinician['email']}\nnote.txt\n" in printed
    told = re.findall(r'\{"event":"(\w+)"', printed)
    assert told == ["CREATE_CASE", "ADD_CASE_ATTACHMENT", "ADD_CASE_COMMENT"]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def test_every_file_of_the_clinic_can_be_fetched(demo: Server) -> None:
    accounts = json.loads((demo.data / "demo.json").read_text())
    fetched = 0
    for organization in accounts["organizations"]:
        for person in organization["clinicians"]:
            body = {"email": person["email"], "password": person["password"]}
            url = f"{demo.url}/auth/v1/token?grant_type=password"
            token = httpx.post(url, json=body).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=demo.url, headers=headers) as client:
                for number in range(10001, 10001 + 20):
                    for file in client.get(f"/cases/files/{number}").json().get("files", []):
                        got = client.get(f"{demo.url}/{file['file_url']}")
                        assert (got.status_code, len(got.content)) == (200, file["file_size"])
                        assert got.headers["content-type"].partition(";")[0] == file["file_type"]
                        fetched += 1
    assert fetched >= 80


def test_the_pages_are_safe_and_show_who_can_sign_in(demo: Server) -> None:
    page = httpx.get(demo.url)
    assert page.status_code == 200
    assert "hazel@example.org" in page.text
    assert "script" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert httpx.get(f"{demo.url}/assets/page.css").status_code == 200
    assert httpx.get(f"{demo.url}/demo/mailbox").status_code == 200
    assert httpx.get(f"{demo.url}/demo/other").status_code == 404


def test_a_second_start_loads_nothing_again(demo: Server) -> None:
    before = (demo.data / "demo.json").read_text()
    blobs = sorted(path.name for path in (demo.data / "blobs").rglob("*") if path.is_file())
    with running_server(demo.data, "demo") as again:
        assert httpx.get(again.url).status_code == 200
    assert (demo.data / "demo.json").read_text() == before
    after = sorted(path.name for path in (demo.data / "blobs").rglob("*") if path.is_file())
    assert after == blobs
