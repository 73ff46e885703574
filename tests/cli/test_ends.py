"""The commands about ends, as an operator types them, on the tests' database."""

import json
from pathlib import Path
from uuid import uuid4

from tests.cli.test_commands import Run, logging_as_before, made_organization, refusal_of, run

__all__ = ["logging_as_before", "run"]


def test_how_long_things_are_kept_is_set_and_shown(run: Run) -> None:
    org = ("--org", made_organization(run))
    lab = ("--category", "lab", "--keep-at-least", "3650d", "--remove-after", "7300")
    assert run("retention", "set", *org, *lab).exit_code == 0
    assert run("retention", "set", *org, "--trash", "60d").exit_code == 0
    shown = json.loads(run("retention", "show", *org, "--json").stdout)
    assert shown["trash_days"] == 60
    assert shown["schedules"][0] == {
        "category": "lab",
        "keep_at_least_days": 3650,
        "remove_after_days": 7300,
    }
    assert "60 days" in run("retention", "set", *org, *lab[:2], "--remove-after", "never").stdout
    assert "give --trash" in refusal_of(run("retention", "set", *org))
    told = refusal_of(run("retention", "set", *org, "--trash", "a week"))
    assert told == "a time is a number of days such as 3650d, or never"


def test_holds_and_purges_refuse_what_is_not_there(run: Run) -> None:
    org = ("--org", made_organization(run))
    because = ("--reason", "litigation 2026/17")
    assert "none of this id" in refusal_of(run("hold", "place", *org, *because, "--case", "1"))
    assert "either" in refusal_of(run("hold", "place", *org, *because))
    assert "hold list" in refusal_of(run("hold", "lift", *org, str(uuid4())))
    assert json.loads(run("hold", "list", *org, "--json").stdout) == {"holds": [], "after": None}
    assert "in the trash" in refusal_of(run("purge", *org, "--file", str(uuid4())))
    due = json.loads(run("purge", *org, "--dry-run", "--json").stdout)
    assert due == {"removed": 0, "cases": 0, "files": 0, "size": 0}
    assert json.loads(run("purge", *org, "--json").stdout)["finished"] == 0
    assert "destroyed" in refusal_of(run("certificate", "show", *org, str(uuid4())))
    listed = json.loads(run("certificate", "list", *org, "--json").stdout)
    assert listed == {"certificates": [], "after": None}


def test_a_certificate_is_checked_without_a_database(run: Run, tmp_path: Path) -> None:
    none = tmp_path / "none.json"
    assert "cannot be read" in refusal_of(run("certificate", "verify", str(none)))
    none.write_text("{}")
    assert "no certificate" in refusal_of(run("certificate", "verify", str(none)))
    mistyped = ("--key", str(tmp_path / "none.jsn"))
    assert "none.jsn cannot be read" in refusal_of(
        run("certificate", "verify", str(none), *mistyped)
    )
    key = run("certificate", "key").stdout.strip()
    published = json.loads(run("certificate", "key", "--json").stdout)
    assert published["keys"][0]["public_key"] == key
