"""Settings: where they come from, what is refused, what is shown, and that all are written down."""

import subprocess
import sys
from pathlib import Path

import pytest

from casekeep.settings import (
    SettingsNotValid,
    described,
    export_settings,
    load_settings,
    shown_settings,
)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, _, _ in described():
        monkeypatch.delenv(f"CASEKEEP_{name.upper()}", raising=False)
    monkeypatch.delenv("CASEKEEP_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_command_line_beats_the_environment_beats_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "casekeep.toml").write_text('host = "file"\nport = 1\nworkers = 3\n')
    monkeypatch.setenv("CASEKEEP_PORT", "2")
    monkeypatch.setenv("CASEKEEP_HOST", "environment")
    settings = load_settings({"host": "typed", "port": None})
    assert (settings.host, settings.port, settings.workers) == ("typed", 2, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("PORT", "http"),
        ("WORKERS", "0"),
        ("DATA", ""),
        ("DEMO", "perhaps"),
        ("UPLOAD_IDLE_SECONDS", "0"),
        ("SECRET_KEY", "x" * 31),
    ],
)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CASEKEEP_{name}", value)
    with pytest.raises(SettingsNotValid, match=f"CASEKEEP_{name}"):
        load_settings()


@pytest.mark.parametrize("text", ["port =", "colour = 1", "\x00"])
def test_a_bad_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "chosen.toml").write_text(text)
    monkeypatch.setenv("CASEKEEP_CONFIG", str(tmp_path / "chosen.toml"))
    with pytest.raises(SettingsNotValid):
        load_settings()


def test_server_processes_read_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"port": 9000, "demo": True, "host": "::1"})
    for name, _, _ in described():
        monkeypatch.setenv(f"CASEKEEP_{name.upper()}", "")
    export_settings(settings)
    assert load_settings() == settings


def test_passwords_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEKEEP_DATABASE_URL", "postgresql://owner:hush@db/clinic?password=hush")
    monkeypatch.setenv("CASEKEEP_MAIL_URL", "smtps://mailer:hush@mail.example")
    monkeypatch.setenv("CASEKEEP_SMS_URL", "https://sms.example/send?token=hush")
    monkeypatch.setenv("CASEKEEP_SECRET_KEY", "hush" * 8)
    shown = shown_settings(load_settings())
    assert "hush" not in str(shown)
    assert "db/clinic" in str(shown["database_url"])
    assert str(shown["mail_url"]).startswith("smtps://mailer:")


def test_the_reference_pages_are_up_to_date() -> None:
    script = Path(__file__).parents[1] / "scripts" / "write_reference.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
