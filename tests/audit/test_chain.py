"""How a link is made is a promise to every chain there is: these values may never change."""

from datetime import UTC, datetime
from uuid import UUID

from casekeep.audit.chain import GENESIS, canonical, link

ROW = {
    "id": UUID("01890000-0000-7000-8000-000000000001"),
    "organization_id": UUID("01890000-0000-7000-8000-000000000002"),
    "occurred_at": datetime(2026, 3, 4, 10, 30, 15, 120, tzinfo=UTC),
    "action": "file.opened",
    "outcome": "done",
    "actor_kind": "clinician",
    "actor_id": UUID("01890000-0000-7000-8000-000000000003"),
    "case_id": None,
    "file_id": None,
    "subject_id": None,
    "request_id": "Grüße",
    "details": '{"b": 2, "a": [1, null]}',
}
WRITTEN = (
    '{"action":"file.opened","actor_id":"01890000-0000-7000-8000-000000000003",'
    '"actor_kind":"clinician","case_id":null,"details":{"a":[1,null],"b":2},"file_id":null,'
    '"id":"01890000-0000-7000-8000-000000000001","occurred_at":"2026-03-04T10:30:15.000120Z",'
    '"organization_id":"01890000-0000-7000-8000-000000000002","outcome":"done",'
    '"request_id":"Grüße","subject_id":null}'
)


def test_an_event_is_written_out_in_one_way() -> None:
    assert canonical(ROW) == WRITTEN.encode()


def test_a_link_follows_from_the_one_before_the_position_and_the_event() -> None:
    first = link(GENESIS, 1, ROW)
    assert first.hex() == "dfc6146136be23f6c749b75843784180da76e17228bc82ce1d1700ec0d6e2d60"
    assert (
        link(first, 2, ROW).hex()
        == "4c222d001b55390b29222f01f5ae6ab81a04c47e8c3111402352c7849b29d35f"
    )
