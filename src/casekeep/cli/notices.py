"""What an operator should know of a start, in single lines on stderr. Never more than lines: what
must not go on is refused elsewhere.
"""

from collections.abc import Generator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from casekeep.cli.options import has_records
from casekeep.cli.printing import tell
from casekeep.settings import PREFIX, Settings, described, unknown_variables


def tell_unknown_variables() -> None:
    """Name each `CASEKEEP_…` variable that is no setting, and the one that may be meant."""
    known = [PREFIX + name.upper() for name, _, _ in described()]
    for name in unknown_variables():
        meant = get_close_matches(name, known, n=1)
        hint = f"; is {meant[0]} meant?" if meant else ""
        tell(f"{name} is not a setting, so it does nothing{hint}")


def tell_demo_passwords(settings: Settings) -> None:
    """Warn who serves the synthetic clinic's folder as if it were their own."""
    folder = Path(settings.data)
    if any((folder / name).exists() for name in ("demo.json", "demo-loading.json")):
        tell(f"{folder} holds the demo clinic, whose passwords are public: no place for real files")


def tell_undelivered(settings: Settings) -> None:
    """Say where messages end up that no provider delivers."""
    folder = Path(settings.data) / "outbox"
    if not settings.mail_url and not settings.sms_url:
        what, setting = "Mail and text messages go", "CASEKEEP_MAIL_URL"
    elif not settings.mail_url:
        what, setting = "Mail goes", "CASEKEEP_MAIL_URL"
    elif not settings.sms_url:
        what, setting = "Text messages go", "CASEKEEP_SMS_URL"
    else:
        return
    tell(f"{what} to {folder}: nobody receives them. Set {setting}.")


@contextmanager
def around(settings: Settings) -> Generator[None, None, None]:
    """Say before a first start that the database is made, and when the server has stopped."""
    if not has_records(settings):
        tell("Preparing the database …")
    yield
    tell("Stopped.")
