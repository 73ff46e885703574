"""The bar that commands show to those who wait."""

import sys

import pytest

from casekeep.cli.progress import Bar, shown_progress

MIB = 1 << 20


def shown(capsys: pytest.CaptureFixture[str], bar: Bar) -> str:
    """What stood on stderr when the bar was taken away; nothing is ever on stdout."""
    bar.end()
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Bar:
    """One on a terminal, wide enough for all that it says."""
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "160"}.items():
        monkeypatch.setenv(name, value)
    return Bar(is_shown=True)


def test_a_stage_goes_by_its_bytes_if_they_are_known(
    bar: Bar, capsys: pytest.CaptureFixture[str]
) -> None:
    bar.begin("Checking", 1_200, 8 * MIB)
    bar.advance(1_000, 2 * MIB)
    bar.advance(1, 2 * MIB)
    assert "Checking" in (told := shown(capsys, bar))
    assert "1,001 of 1,200; 4.0 MiB of 8.0 MiB, 4.0 MiB/s" in told


def test_else_by_its_things(bar: Bar, capsys: pytest.CaptureFixture[str]) -> None:
    bar.begin("Moving", 3, 0)
    bar.reach(2, 5 * MIB)
    assert "2 of 3; 5.0 MiB, 5.0 MiB/s" in shown(capsys, bar)


def test_how_many_there_are_may_turn_out_later(
    bar: Bar, capsys: pytest.CaptureFixture[str]
) -> None:
    bar.begin("Wrapping keys", 0, 0)
    bar.reach(7, 0, of=9)
    assert "7 of 9" in shown(capsys, bar)


def test_each_stage_begins_anew(bar: Bar, capsys: pytest.CaptureFixture[str]) -> None:
    bar.begin("database", 3, 0)
    bar.advance(3, MIB)
    bar.begin("files", 5, MIB)
    told = shown(capsys, bar)
    assert "0 of 5; 0 bytes of 1.0 MiB" in told


@pytest.mark.parametrize(("quiet", "is_terminal"), [(True, True), (False, False), (True, False)])
def test_nothing_is_shown_to_those_who_do_not_look(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    quiet: bool,
    is_terminal: bool,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with shown_progress(quiet=quiet) as bar:
        bar.begin("Checking", 2, 0)
        bar.advance(2, 0)
        assert shown(capsys, bar) == ""
