"""Commands are loaded when they are asked for, and all of them are where `main` says."""

import subprocess
import sys

import typer
from typer.testing import CliRunner

from casekeep.cli.main import app

HEAVY = ("casekeep.http.house", "litestar", "pgqueuer", "obstore", "uvicorn")


def test_every_command_is_found_by_its_name() -> None:
    commands = typer.main.get_group(app).commands
    assert {name: commands[name].name for name in commands} == {name: name for name in commands}
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert all(f"  {name} " in shown for name in commands)


def test_a_slip_of_the_pen_is_understood() -> None:
    told = CliRunner().invoke(app, ["orgs", "list"]).stderr
    assert "No such command 'orgs'. Did you mean 'org'" in told


def test_a_command_waits_for_nothing_that_it_does_not_need() -> None:
    code = f"""
import sys
from casekeep.cli.main import app
app(["org", "create", "--help"], standalone_mode=False)
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
