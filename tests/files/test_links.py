import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from casekeep.files.linking import link_file
from casekeep.files.links import LIFE, Links
from casekeep.files.model import Category, StoredFile
from casekeep.files.opening import OpenFile, open_link
from casekeep.files.removal import remove_file
from casekeep.identity.model import Clinician, Patient
from casekeep.kernel.errors import FileNotVisible, TokenNotValid
from casekeep.kernel.ids import FileId, OrganizationId, UserId, new_id
from tests.files.room import Room, body, pdf
from tests.support.factories import make_case, make_clinician, make_organization, make_patient

SECRET = b"a secret of thirty-two bytes, or more"
NOW = datetime(2026, 3, 4, 10, 30, 15, tzinfo=UTC)
PATIENT = Patient(OrganizationId(new_id()), UserId(new_id()))
FILE = FileId(new_id())


def links(after: timedelta = timedelta(0), secret: bytes = SECRET) -> Links:
    return Links(secret, lambda: NOW + after)


def test_a_link_says_whom_and_which_file_it_is_for() -> None:
    assert links().read(links().sign(PATIENT, FILE)) == (PATIENT, FILE, True)


def test_a_link_lives_fifteen_minutes() -> None:
    token = links().sign(PATIENT, FILE)
    assert links(timedelta(seconds=LIFE - 1)).read(token).is_live
    assert not links(timedelta(seconds=LIFE)).read(token).is_live


def forged(header: dict[str, str], token: str) -> str:
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return ".".join([head, *token.split(".")[1:]])


def claims(**changed: object) -> str:
    whole = {
        "type": "download",
        "sub": str(PATIENT.user_id),
        "org": str(PATIENT.organization_id),
        "file": str(FILE),
        "exp": int(NOW.timestamp()) + 60,
    } | changed
    present = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode({"alg": "HS256"}, present, OctKey.import_key(SECRET))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "ü",
        links(secret=b"another secret of thirty-two bytes!!").sign(PATIENT, FILE),
        links().sign(PATIENT, FILE)[:-4] + "AAAA",
        forged({"alg": "none"}, links().sign(PATIENT, FILE)).rpartition(".")[0] + ".",
        forged({"alg": "HS512"}, links().sign(PATIENT, FILE)),
        claims(type="patient-portal"),
        claims(type=None),
        claims(exp=None),
        claims(exp="soon"),
        claims(file="not an id"),
        claims(file=7),
        claims(sub=None),
        claims(org=["a"]),
    ],
)
def test_anything_else_is_no_link(token: str) -> None:
    assert links().read(claims()) == (PATIENT, FILE, True)
    with pytest.raises(TokenNotValid):
        links().read(token)


async def patients_file(room: Room) -> tuple[Clinician, Patient, StoredFile]:
    clinician = await make_clinician(room.db, await make_organization(room.db))
    patient = await make_patient(room.db, clinician.organization_id)
    case = await make_case(
        room.db,
        clinician.organization_id,
        clinician_id=clinician.user_id,
        patient_id=patient.user_id,
    )
    async with room.receiving.batch(clinician) as batch:
        await batch.receive("report.pdf", body(pdf()), Category.LAB)
        (file,) = await batch.keep_in_case(
            case.id, category=Category.LAB, is_phi=True, is_restricted=True
        )
    return clinician, patient, file


async def follow(room: Room, token: str, signed_by: Links | None = None) -> OpenFile:
    return await open_link(room.db, room.audit, room.blobs, signed_by or links(), token)


async def test_a_link_opens_its_file_and_that_is_recorded(room: Room) -> None:
    _, patient, file = await patients_file(room)
    opened = await follow(room, links().sign(patient, file.id))
    assert opened.file == file
    assert b"".join([piece async for piece in opened.read(0, file.size)]) == pdf()
    assert await room.events(patient.organization_id) == [
        ("file.received", "done"),
        ("file.opened", "done"),
    ]


CHANGES = {
    "user disabled": "update users set disabled_at = now() where organization_id = $1 and id = $2",
    "no patient any more": """update users set role = 'clinician'
        where organization_id = $1 and id = $2""",
    "case deleted": """update cases set deleted_at = now()
        where organization_id = $1 and patient_id = $2""",
    "restricted files hidden": """update organizations set hides_restricted_files = true
        where id = $1 and $2::uuid is not null""",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_link_dies_with_the_right_to_see_the_file(room: Room, change: str) -> None:
    _, patient, file = await patients_file(room)
    token = links().sign(patient, file.id)
    await follow(room, token)
    async with room.db.transaction(patient.organization_id) as tx:
        await tx.execute(CHANGES[change], tx.organization_id, patient.user_id)
    with pytest.raises(FileNotVisible):
        await follow(room, token)
    assert (await room.events(patient.organization_id))[-1] == ("file.opened", "refused")


async def test_a_link_dies_with_its_file_and_opens_no_other(room: Room) -> None:
    clinician, patient, file = await patients_file(room)
    _, stranger, other = await patients_file(room)
    token = links().sign(patient, file.id)
    for bad in (
        links().sign(patient, other.id),
        links().sign(stranger, file.id),
        links().sign(patient, FileId(new_id())),
        "no link",
    ):
        with pytest.raises(FileNotVisible):
            await follow(room, bad)
    with pytest.raises(FileNotVisible):
        await follow(room, token, links(timedelta(seconds=LIFE)))
    await remove_file(room.db, room.audit, clinician, file.id)
    with pytest.raises(FileNotVisible):
        await follow(room, token)


async def test_a_link_whose_time_is_over_is_refused_and_recorded(room: Room) -> None:
    _, patient, file = await patients_file(room)
    token = links().sign(patient, file.id)
    with pytest.raises(FileNotVisible):
        await follow(room, token, links(timedelta(seconds=LIFE)))
    with pytest.raises(FileNotVisible):
        await follow(room, token, links(secret=b"another secret of thirty-two bytes!!"))
    assert await room.events(patient.organization_id) == [
        ("file.received", "done"),
        ("file.opened", "refused"),
    ]


async def test_a_link_into_an_organisation_that_does_not_exist_is_refused(room: Room) -> None:
    with pytest.raises(FileNotVisible):
        await follow(room, links().sign(PATIENT, FILE))


async def test_a_link_is_recorded_before_it_is_given(room: Room) -> None:
    _, patient, file = await patients_file(room)
    token, linked = await link_file(room.db, room.audit, links(), patient, file.id)
    assert linked == file
    assert links().read(token) == (patient, file.id, True)
    assert (await room.events(patient.organization_id))[-1] == ("file.linked", "done")


async def test_a_link_that_is_refused_is_recorded_as_one(room: Room) -> None:
    _, patient, file = await patients_file(room)
    stranger = await make_patient(room.db, patient.organization_id)
    for wanted in (file.id, FileId(new_id())):
        with pytest.raises(FileNotVisible):
            await link_file(room.db, room.audit, links(), stranger, wanted)
        assert (await room.events(patient.organization_id))[-1] == ("file.linked", "refused")


def test_a_link_of_a_clock_that_ran_ahead_is_over() -> None:
    token = links(timedelta(hours=1)).sign(PATIENT, FILE)
    assert not links().read(token).is_live
    assert links(timedelta(hours=1)).read(token).is_live
    assert links().read(links(timedelta(seconds=30)).sign(PATIENT, FILE)).is_live
