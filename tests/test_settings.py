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
    unknown_variables,
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
        ("PUBLIC_URL", "files.clinic.example"),
        ("PUBLIC_URL", "https://files.clinic.example/portal"),
        ("PUBLIC_URL", "ftp://files.clinic.example"),
        ("PUBLIC_URL", "https://files.clinic.example:many"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.7/8"),
    ],
)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CASEKEEP_{name}", value)
    with pytest.raises(SettingsNotValid, match=f"CASEKEEP_{name}"):
        load_settings()


def test_more_connections_than_the_embedded_server_takes_are_refused() -> None:
    load_settings({"workers": 43, "database_connections": 8})
    with pytest.raises(SettingsNotValid, match=r"CASEKEEP_WORKERS x \(CASEKEEP_DATABASE_CONNE"):
        load_settings({"workers": 44, "database_connections": 8})
    url = "postgresql://owner:secret@db.clinic.example/casekeep"
    load_settings({"workers": 64, "database_connections": 200, "database_url": url})


@pytest.mark.parametrize("text", ["port =", "colour = 1", "\x00"])
def test_a_bad_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "chosen.toml").write_text(text)
    monkeypatch.setenv("CASEKEEP_CONFIG", str(tmp_path / "chosen.toml"))
    with pytest.raises(SettingsNotValid):
        load_settings()


@pytest.mark.parametrize("value", ["http://[::1]:8000", "https://files.clinic.example/"])
def test_an_origin_is_taken(value: str) -> None:
    assert load_settings({"public_url": value}).public_url == value


def test_proxies_may_be_addresses_and_networks() -> None:
    assert load_settings({"trusted_proxies": "10.0.0.7, 10.1.0.0/16,::1"})


def test_a_refusal_names_what_was_typed(tmp_path: Path) -> None:
    with pytest.raises(SettingsNotValid, match=r"^--port: a number from 0 to 65535$"):
        load_settings({"port": 70000})
    file = tmp_path / "casekeep.toml"
    file.write_text("colour = 1")
    with pytest.raises(SettingsNotValid, match=rf"^{file}: there is no setting `colour`$"):
        load_settings({"data": str(tmp_path)})
    file.write_text("workers = 0")
    with pytest.raises(SettingsNotValid, match=rf"^{file}: workers: a number from 1 to 64$"):
        load_settings({"data": str(tmp_path)})
    with pytest.raises(SettingsNotValid, match=f"^{file} is a file, not a folder$"):
        load_settings({"data": str(file)})


def test_variables_that_are_no_settings_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    before = unknown_variables()
    monkeypatch.setenv("CASEKEEP_POTR", "1")
    monkeypatch.setenv("CASEKEEP_CONFIG", "x.toml")
    assert set(unknown_variables()) - set(before) == {"CASEKEEP_POTR"}


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
