"""What `casekeep demo` prints is enough to sign in."""

from io import StringIO

from rich.console import Console

from casekeep.cli.demo.clinic import PASSWORD, clinic
from casekeep.cli.demo.journal import DemoAccounts
from casekeep.cli.demo.running import show_accounts
from casekeep.pages.demo_clinic import DemoOrganization, DemoPerson


def test_everybody_and_every_key_is_printed_within_a_terminal() -> None:
    accounts = DemoAccounts(
        [
            DemoOrganization(
                id="0",
                name=planned.name,
                api_key="ck_" + "x" * 70,
                clinicians=[DemoPerson(each.name, each.email) for each in planned.clinicians],
                patients=[
                    DemoPerson(each.subject.name, each.email, each.phone)
                    for each in planned.patients
                ],
                case_number=10001,
                case_id="01a20136-09e0-7666-b4c0-a9c14c34a4ee",
                administrators=[
                    DemoPerson(planned.administrator.name, planned.administrator.email)
                ],
            )
            for planned in clinic()
        ]
    )
    screen = StringIO()
    show_accounts(Console(file=screen, width=80), accounts, "http://127.0.0.1:8000")
    printed = screen.getvalue()
    assert printed.splitlines()[0] == "Casekeep is ready on http://127.0.0.1:8000"
    assert PASSWORD in printed
    for path in ("/demo/mailbox", "/docs/clinician", "/docs/portal"):
        assert f"http://127.0.0.1:8000{path}" in printed
    for planned, shown in zip(clinic(), accounts.organizations, strict=True):
        assert shown.api_key in printed
        assert f"{shown.case_number}, {shown.case_id}" in printed
        for person in (*planned.clinicians, planned.administrator, *planned.patients):
            assert person.email in printed
        assert all(each.phone in printed for each in planned.patients if each.phone)
