"""Who can sign in to the synthetic clinic, as its loader left it in the data folder."""

from pathlib import Path

import msgspec


class DemoPerson(msgspec.Struct, frozen=True):
    """Somebody who can sign in: patients with a code, everybody else with a password."""

    name: str
    email: str
    phone: str | None = None
    password: str | None = None


class DemoOrganization(msgspec.Struct, frozen=True):
    """One organisation of the synthetic clinic, and a case to start with."""

    id: str
    name: str
    api_key: str
    clinicians: list[DemoPerson]
    patients: list[DemoPerson]
    case_number: int
    case_id: str
    administrators: list[DemoPerson] = []


class DemoClinic(msgspec.Struct, frozen=True):
    """The whole synthetic clinic; empty where there is none."""

    organizations: list[DemoOrganization] = []


def read_demo_clinic(data: Path) -> DemoClinic:
    """The accounts that `casekeep demo` left in `demo.json`; empty if they cannot be read."""
    try:
        return msgspec.json.decode((data / "demo.json").read_bytes(), type=DemoClinic)
    except (OSError, msgspec.DecodeError):
        return DemoClinic()
