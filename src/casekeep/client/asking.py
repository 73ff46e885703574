"""What callers give, as the wire has it: nothing for None, and texts for everything else."""

from datetime import UTC, date, datetime

Given = str | int | bool | date | None


def texts(**given: Given) -> dict[str, str]:
    """The given fields of a query or a form, without those that are None."""
    return {name: _text(value) for name, value in given.items() if value is not None}


def present(**given: object) -> dict[str, object]:
    """The given fields of a JSON object, without those that are None."""
    return {name: value for name, value in given.items() if value is not None}


def camel(name: str) -> str:
    """`postal_code` as the portal contract writes it: `postalCode`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def moment(when: datetime) -> str:
    """A moment as both contracts write it. Raises ValueError for one without a time zone: it could
    mean any of a day's hours.
    """
    if when.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(value: Given) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return moment(value)
    return value.isoformat() if isinstance(value, date) else str(value)
