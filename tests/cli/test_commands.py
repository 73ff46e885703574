"""The account commands as an operator types them, on the tests' database."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import structlog
from typer.testing import CliRunner, Result

from casekeep.cases.forms import Form, Question, QuestionType
from casekeep.cases.model import CaseFacts
from casekeep.cases.queries_forms import insert_form
from casekeep.cli.main import app, main
from casekeep.db.database import Database
from casekeep.kernel.errors import InputNotValid
from casekeep.kernel.ids import FormId, OrganizationId
from casekeep.settings import described
from tests.support.database import TestServer
from tests.support.factories import make_case

Run = Callable[..., Result]
ODD_NAME = "[red]Rot[/red] [/x]"


@pytest.fixture
def run(test_server: TestServer, tmp_path: Path) -> Run:
    """Types one command at the tests' database."""
    return _runner(
        tmp_path,
        CASEKEEP_DATABASE_URL=test_server.owner_dsn,
        CASEKEEP_DATABASE_APP_URL=test_server.application_dsn,
    )


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def _runner(folder: Path, **settings: str) -> Run:
    unset: dict[str, str | None] = {f"CASEKEEP_{n.upper()}": None for n, _, _ in described()}
    environment = {**unset, "CASEKEEP_DATA": str(folder / "data"), **settings}

    def run(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, list(words), input=stdin, env=environment)

    return run


def made_organization(run: Run, name: str = "Lakeside") -> str:
    done = run("org", "create", name, "--json")
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert set(made) == {"organization_id", "api_key"}
    return made["organization_id"]


def test_names_are_printed_as_typed_and_keys_whole(run: Run) -> None:
    done = run("org", "create", ODD_NAME)
    assert done.exit_code == 0, done.output
    assert ODD_NAME in done.stdout.splitlines()[0]
    key = done.stdout.splitlines()[1].split()[2]
    assert len(key) > 60
    assert key.startswith("ck_")
    listed = json.loads(run("org", "list", "--json").stdout)["organizations"]
    odd = [each for each in listed if each["name"] == ODD_NAME]
    assert set(odd[0]) == {"organization_id", "name", "created_at"}
    assert f"{odd[0]['organization_id']}  {ODD_NAME}" in run("org", "list").stdout


def test_ids_of_keys_are_never_cut_and_say_the_same_everywhere(run: Run) -> None:
    org = ("--org", made_organization(run))
    made = json.loads(run("key", "create", *org, "--label", "l" * 100, "--json").stdout)
    assert f"{made['api_key_id']}  {'l' * 100}" in run("key", "list", *org).stdout
    listed = json.loads(run("key", "list", *org, "--json").stdout)["api_keys"]
    (key,) = [each for each in listed if each["api_key_id"] == made["api_key_id"]]
    assert set(key) == {"api_key_id", "label", "created_at", "last_used_at", "revoked_at"}


def test_a_key_may_be_revoked_twice(run: Run) -> None:
    org = ("--org", made_organization(run))
    made = json.loads(run("key", "create", *org, "--label", "lab", "--json").stdout)
    assert "Revoked" in run("key", "revoke", *org, made["api_key_id"]).stdout
    again = run("key", "revoke", *org, made["api_key_id"])
    assert again.exit_code == 0
    assert "was revoked already" in again.stdout


def test_an_account_is_listed_and_disabled_once(run: Run) -> None:
    org = ("--org", made_organization(run))
    who = ("--role", "clinician", "--email", "d@example.org", "--first-name", "[/x]")
    done = run("user", "create", *org, *who, "--password-stdin", "--json", stdin="long enough\n")
    (user_id,) = json.loads(done.stdout).values()
    (user,) = json.loads(run("user", "list", *org, "--json").stdout)["users"]
    assert (user["user_id"], user["first_name"]) == (user_id, "[/x]")
    assert f"{user_id}  clinician  [/x]  d@example.org" in run("user", "list", *org).stdout
    assert run("user", "disable", *org, user_id).exit_code == 0
    assert "disabled already" in refusal_of(run("user", "disable", *org, user_id))


@pytest.mark.parametrize(
    "words",
    [
        ("user", "create", "--role", "patient", "--email", "p@example.org"),
        ("user", "list"),
        ("user", "disable", str(uuid4())),
        ("key", "create", "--label", "lab"),
        ("key", "list"),
        ("key", "revoke", str(uuid4())),
    ],
)
def test_an_unknown_organisation_is_refused(run: Run, words: tuple[str, ...]) -> None:
    told = refusal_of(run(*words, "--org", str(uuid4())))
    assert told == "no organisation has this id; 'casekeep org list' shows them"


def test_an_empty_password_is_told(run: Run) -> None:
    words = ("--org", made_organization(run), "--role", "admin", "--email", "a@example.org")
    done = run("user", "create", *words, "--password-stdin", stdin="\n")
    assert refusal_of(done) == "the password on stdin was empty"


@pytest.mark.parametrize("words", [("org", "list"), ("key", "list", "--org", str(uuid4()))])
def test_looking_makes_no_clinic(tmp_path: Path, words: tuple[str, ...]) -> None:
    told = refusal_of(_runner(tmp_path)(*words))
    assert told == f"no clinic in {tmp_path / 'data'}; give --data or set CASEKEEP_DATA"
    assert not (tmp_path / "data").exists()


def test_settings_are_shown_whole_and_typos_are_told(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    done = _runner(folder, CASEKEEP_POTR="1")("config", "show")
    assert str(folder / "data") in done.stdout
    assert "CASEKEEP_POTR is not a setting, so it does nothing; is CASEKEEP_PORT" in done.stderr


def test_help_names_the_variables(tmp_path: Path) -> None:
    assert "[env: CASEKEEP_HOST]" in _runner(tmp_path)("serve", "--help").stdout
    assert _runner(tmp_path)("--version").stdout.startswith("casekeep ")


def test_a_webhook_s_secret_is_shown_once_and_its_life_is_told(run: Run) -> None:
    org = ("--org", made_organization(run))
    where = ("--url", "https://8.8.8.8/hook", "--label", "CRM", "--event", "CREATE_CASE")
    made = json.loads(run("webhook", "add", *org, *where, "--json").stdout)
    assert made["secret"].startswith("whsec_")
    listed = run("webhook", "list", *org, "--json").stdout
    assert made["secret"] not in listed
    (webhook,) = json.loads(listed)["webhooks"]
    assert (webhook["webhook_id"], webhook["events"]) == (made["webhook_id"], ["CREATE_CASE"])
    for act, state in (("disable", "disabled"), ("enable", "live")):
        assert run("webhook", act, *org, made["webhook_id"]).exit_code == 0
        assert f"https://8.8.8.8/hook  {state}" in run("webhook", "list", *org).stdout
    told = run("webhook", "deliveries", *org, made["webhook_id"], "--json").stdout
    assert json.loads(told) == {"deliveries": [], "after": None}
    replayed = run("webhook", "replay", *org, "--failed", made["webhook_id"], "--json")
    assert json.loads(replayed.stdout) == {"replayed": 0}
    assert run("webhook", "show", *org, made["webhook_id"]).exit_code == 0
    assert run("webhook", "remove", *org, made["webhook_id"]).exit_code == 0
    assert json.loads(run("webhook", "list", *org, "--json").stdout) == {"webhooks": []}


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "http://8.8.8.8/"])
def test_a_webhook_that_leads_inside_is_refused(run: Run, url: str) -> None:
    org = ("--org", made_organization(run))
    told = refusal_of(run("webhook", "add", *org, "--url", url, "--label", "inside"))
    assert "CASEKEEP_WEBHOOK_PRIVATE_NETWORKS" in told


def test_a_clinician_of_an_issuer_needs_no_password(run: Run) -> None:
    who = ("--org", made_organization(run), "--role", "clinician", "--email", "d@example.org")
    told = refusal_of(run("user", "create", *who))
    assert "--password-stdin" in told
    assert "--no-password" in told
    both = run("user", "create", *who, "--no-password", "--password-stdin", stdin="long enough\n")
    assert refusal_of(both) == "give --password-stdin or --no-password, not both"
    assert run("user", "create", *who, "--no-password").exit_code == 0


@pytest.mark.parametrize("command", ["show", "attempts"])
def test_what_is_not_there_is_told_with_where_to_look(
    run: Run,
    test_server: TestServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setenv("CASEKEEP_DATABASE_URL", test_server.owner_dsn)
    monkeypatch.setenv("CASEKEEP_DATABASE_APP_URL", test_server.application_dsn)
    words = ["casekeep", "webhook", command, "--org", made_organization(run), str(uuid4())]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    listing = {"show": "list", "attempts": "deliveries"}[command]
    assert f"not found; 'casekeep webhook {listing}' shows" in capsys.readouterr().err


def test_a_form_is_listed_and_shown_with_the_ids_of_its_questions(
    run: Run, test_server: TestServer
) -> None:
    org_id = made_organization(run)
    question = Question(
        "q-1",
        ODD_NAME,
        QuestionType.SELECT,
        is_required=True,
        is_phi=True,
        options=("well", "badly"),
    )
    form = Form(FormId(uuid4()), "Sleep", "Asked at night", (question,))

    async def keep() -> None:
        db = await Database.connect(test_server.application_dsn, size=1)
        async with db.transaction(OrganizationId(UUID(org_id))) as tx:
            await insert_form(tx, form, datetime.now(UTC))
        await db.close()

    asyncio.run(keep())
    org = ("--org", org_id)
    assert f"{form.id}  1          Sleep" in run("form", "list", *org).stdout
    shown = run("form", "show", *org, str(form.id)).stdout
    assert f"q-1  SELECT  yes       {ODD_NAME} (well, badly)" in shown
    (listed,) = json.loads(run("form", "list", *org, "--json").stdout)["forms"]
    assert listed == json.loads(run("form", "show", *org, str(form.id), "--json").stdout)
    assert listed["questions"][0]["question_id"] == "q-1"
    other = ("--org", made_organization(run))
    told = refusal_of(run("form", "show", *other, str(form.id)))
    assert told == "no form has this id; 'casekeep form list' shows them"


def test_a_case_is_listed_without_its_patient_and_assigned(
    run: Run, test_server: TestServer
) -> None:
    org_id = made_organization(run)
    org, email = ("--org", org_id), f"{uuid4().hex}@example.org"

    async def open_some() -> list[CaseFacts]:
        db = await Database.connect(test_server.application_dsn, size=1)
        made = [await make_case(db, OrganizationId(UUID(org_id))) for _ in range(3)]
        await db.close()
        return made

    first, second, third = asyncio.run(open_some())
    who = ("--role", "clinician", "--email", email, "--no-password")
    assert run("user", "create", *org, *who).exit_code == 0
    for ref in (str(first.number), str(second.id)):
        done = run("case", "assign", *org, ref, "--to", f" {email.upper()} ", "--json")
        assert json.loads(done.stdout)["stage"] == "ASSIGNED"
    again = run("case", "assign", *org, str(first.number), "--to", email).stdout
    assert again == f"Assigned {first.number} to {email}\n"

    shown = run("case", "list", *org).stdout
    assert "Pat Example" not in shown
    rows = [line.split() for line in shown.splitlines()[1:]]
    assert [(row[0], row[1], row[2], row[-1]) for row in rows] == [
        (str(third.number), str(third.id), "OPEN", "-"),
        (str(second.number), str(second.id), "ASSIGNED", email),
        (str(first.number), str(first.id), "ASSIGNED", email),
    ]
    page = json.loads(run("case", "list", *org, "--most", "1", "--json").stdout)
    assert page["after"] == page["cases"][0]["case_id"] == str(third.id)
    keys = {"case_id", "number", "stage", "created_at", "clinician_email"}
    assert set(page["cases"][0]) == keys
    rest = run("case", "list", *org, "--after", page["after"], "--most", "1").stdout
    assert f"There are more: --after {second.id}" in rest
    left = json.loads(run("case", "list", *org, "--unassigned", "--json").stdout)
    assert [each["case_id"] for each in left["cases"]] == [str(third.id)]


@pytest.mark.parametrize(
    "ref", ["77", "9" * 30, "0a08a83a-7e71-4f05-8830-662ad86a6b9e", "the first", "-1", "²"]
)
def test_a_case_that_is_not_there_is_told_with_where_to_look(run: Run, ref: str) -> None:
    org = ("--org", made_organization(run))
    who = ("--role", "clinician", "--email", "d@example.org", "--no-password")
    assert run("user", "create", *org, *who).exit_code == 0
    told = refusal_of(run("case", "assign", *org, "--to", "d@example.org", "--", ref))
    assert told == "no case has this number or id; 'casekeep case list' shows them"


def test_a_case_is_not_assigned_to_whoever(run: Run) -> None:
    org = ("--org", made_organization(run))
    told = refusal_of(run("case", "assign", *org, "1", "--to", "nobody@example.org"))
    assert "'casekeep user list'" in told


def refusal_of(done: Result) -> str:
    """What the command refused with; `main` prints it behind `casekeep:`."""
    assert isinstance(done.exception, InputNotValid), done.output
    assert done.stdout == ""
    return str(done.exception)
