"""Every statement carries its own WHERE: asked through a role that the wall does not hold back,
each still finds and changes rows of the transaction's organisation only.
"""

from collections.abc import Iterable
from datetime import timedelta

import asyncpg

from casekeep.audit.sealing import seal
from casekeep.blobs import queries as blobs
from casekeep.blobs.queries import WrappedKey
from casekeep.blobs.store import Seal
from casekeep.cases import queries as cases
from casekeep.cases import queries_assigning as assigning
from casekeep.cases import queries_detail as details
from casekeep.cases import queries_forms as forms
from casekeep.cases import queries_lists as lists
from casekeep.cases.detail import Window
from casekeep.cases.model import AnalysisState, Case, CaseChange, CaseFilter, CaseOrder, Stage
from casekeep.db.database import Database, Tx
from casekeep.files import queries as files
from casekeep.files import queries_detail
from casekeep.files import queries_receiving as receiving
from casekeep.files import queries_trash as trash
from casekeep.files.detail import full_case
from casekeep.files.model import Category, FileChange, Marks, Received
from casekeep.files.queries_receiving import Keeping, Placed
from casekeep.files.verifying import queries as verifying
from casekeep.files.verifying import queries_scrubbing as scrubbing
from casekeep.files.verifying.model import Damage
from casekeep.identity import queries as users
from casekeep.identity import (
    queries_api_keys,
    queries_codes,
    queries_issuers,
    queries_limits,
    queries_lookups,
    queries_profiles,
    queries_sign_ins,
)
from casekeep.identity.model import Audience, NewProfile, User
from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import CaseNumber, DeliveryId, UserId, WebhookId
from casekeep.webhooks import queries as webhooks
from casekeep.webhooks import queries_deliveries as deliveries
from casekeep.webhooks.model import WebhookEvent
from tests.db.furnished import SINCE, UNTIL, Clinic, owned_relations, owners, rows_of

NOW = SINCE + timedelta(hours=1)


async def test_the_role_sees_over_the_wall(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    async with seeing.transaction(mine.id) as tx:
        for table, column in (await owned_relations(above)).items():
            if not table.endswith("_directory"):
                assert {mine.id, other.id} <= await owners(tx, table, column), table


async def test_cases_and_files_of_another_are_not_found(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    before = await rows_of(above, other)
    number = other.case.number
    async with seeing.transaction(mine.id) as tx:
        found = [
            await cases.case_facts(tx, other.case_id, lock=True),
            await cases.case_facts(tx, number, lock=False),
            await files.find_by_id(tx, other.file, other.clinician),
            await files.find_by_ids(tx, [other.file]),
            await files.find_by_url_path(tx, other.url_path, other.clinician),
            await files.mark_removed(tx, other.file, None, NOW),
            await files.set_name(tx, other.file, "mine.pdf"),
            await files.is_live_patient(tx, other.patient),
            await receiving.taken_paths(tx, [other.url_path]),
            await receiving.keep(tx, _keeping(mine), [_placed(other)]),
            await receiving.stored_among(tx, [other.file]),
            await receiving.mark_discarded(tx, [other.arriving]),
            await receiving.delete_discarded(tx, [other.file, other.arriving]),
            set(await receiving.give_up_abandoned(tx, [])) - {mine.arriving},
            await files.documents_of(tx, other.patient, other.clinician),
            await files.files_in(tx, other.case_id),
            await files.lock_file(tx, other.file),
            await files.change(tx, other.file, FileChange(is_phi=False), mine.case),
            await trash.find_removed(tx, other.removed),
            await trash.removed_files_of(tx, other.clinician, 10),
            await trash.mark_restored(tx, other.removed, NOW),
            await cases.find_case(tx, other.case_id),
            await cases.find_case(tx, number),
            await cases.change(tx, other.case_id, CaseChange(summary="mine"), NOW),
            await cases.set_stage(tx, other.case_id, Stage.REJECTED, NOW),
            await cases.end_processing(tx, other.case_id, AnalysisState.FAILED, NOW),
            await cases.mark_removed(tx, other.case_id, None, NOW),
            await cases.mark_restored(tx, other.case_id, NOW),
            (await _cases_of(tx, other.clinician))[1],
            await lists.place_by_name(tx, None, other.case_id),
            await lists.removed_cases_of(tx, other.clinician, 10),
            await assigning.hold_clinician(tx, other.clinician),
            await assigning.set_clinician(tx, other.case_id, mine.clinician, NOW),
            await assigning.case_lines(tx, None, unassigned=True, most=9),
        ]
        assert await _cases_of(tx, other.clinician, most=5) == (0, [])
        assert {each.id for each in (await _cases_of(tx, None))[1]} == {mine.case_id}
        lines = await assigning.case_lines(tx, None, unassigned=False, most=9)
        assert {each.id for each in lines} == {mine.case_id}
    assert not any(found), found
    for viewer in (None, other.clinician, other.patient):
        for ref in (other.case_id, number):
            assert await files.files_of_case(seeing, mine.id, ref, viewer) == (None, [])
    assert await _patient_files(seeing, mine, other, case=True) == (None, [])
    assert await _patient_files(seeing, mine, other, case=False) == (None, [])
    assert await rows_of(above, other) == before


async def test_people_keys_and_sign_ins_of_another_are_not_found(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    before = await rows_of(above, other)
    email, digest = f"{other.patient.hex}@example.org", other.digest
    async with seeing.transaction(mine.id) as tx:
        found = [
            await users.user(tx, other.patient),
            await users.users_reached_at(tx, email, None),
            await users.has_proven_phone(tx, other.patient),
            await queries_codes.prove_phone(tx, other.patient, digest),
            await queries_profiles.set_phone_proven(tx, other.patient, proven=False),
            await users.disable_user(tx, other.patient, NOW),
            await users.user_and_password(tx, other.clinician),
            await queries_api_keys.live_key(tx, digest),
            await queries_api_keys.revoke(tx, other.key, NOW),
            await queries_api_keys.touch(tx, other.key, NOW),
            await queries_codes.patient_reached_at(tx, email, None),
            await queries_codes.claim_attempt(tx, email, None, NOW),
            await queries_codes.use_code(tx, other.patient, digest, NOW),
            await queries_codes.end_code(tx, other.patient, NOW),
            await queries_profiles.profile(tx, other.patient),
            await queries_profiles.hold_profile(tx, other.patient, email),
            await queries_profiles.set_profile(tx, other.patient, NewProfile(city="mine")),
            await queries_lookups.patients(tx, email=email, phone=None, most=9, after=None),
            await cases.has_case_in_work(tx, other.patient),
            await queries_issuers.trusted_issuer(tx, other.issuer),
            await queries_issuers.remove_issuer(tx, other.issuer, NOW),
            await queries_issuers.bound_account(tx, other.issuer, "a subject"),
            await queries_issuers.open_account(tx, f"{other.clinician.hex}@example.org"),
            await queries_limits.give_back(tx, digest, SINCE),
            await queries_sign_ins.rotate(tx, digest, Audience.CLINICIAN, NOW),
            await queries_sign_ins.token_facts(tx, digest),
            await _live(tx, other),
            await queries_sign_ins.exists(tx, other.sign_in),
            await queries_sign_ins.end(tx, other.sign_in, "revoked", NOW),
            await queries_sign_ins.end_all(tx, other.clinician, "revoked", NOW),
            await queries_sign_ins._forget_expired(tx, other.clinician, UNTIL + timedelta(1)),
        ]
        assert await queries_limits.spend(tx, digest, UNTIL) == 1
    assert not any(found), found
    assert await rows_of(above, other) == before


async def test_the_same_questions_find_what_is_ones_own(seeing: Database, mine: Clinic) -> None:
    """Without which the two tests above would prove nothing."""
    email = f"{mine.patient.hex}@example.org"
    async with seeing.transaction(mine.id) as tx:
        found = [
            await cases.case_facts(tx, mine.case_id, lock=True),
            await cases.case_facts(tx, mine.case.number, lock=False),
            await files.find_by_id(tx, mine.file, None),
            await files.find_by_ids(tx, [mine.file]),
            await files.find_by_url_path(tx, mine.url_path, None),
            await files.is_live_patient(tx, mine.patient),
            await receiving.taken_paths(tx, [mine.url_path]),
            await receiving.stored_among(tx, [mine.file]),
            await files.files_in(tx, mine.case_id),
            await trash.find_removed(tx, mine.removed),
            await trash.removed_files_of(tx, mine.clinician, 10),
            await cases.find_case(tx, mine.case_id),
            (await _cases_of(tx, mine.clinician, most=5))[0] == 1,
            await lists.place_by_name(tx, None, mine.case_id),
            await assigning.hold_clinician(tx, mine.clinician),
            await users.users_reached_at(tx, email, None),
            await users.user_and_password(tx, mine.clinician),
            await queries_api_keys.live_key(tx, mine.digest),
            await queries_codes.claim_attempt(tx, email, None, NOW),
            await queries_profiles.profile(tx, mine.patient),
            await queries_profiles.hold_profile(tx, None, email),
            await queries_lookups.patients(tx, email=email, phone=None, most=9, after=None),
            await cases.has_case_in_work(tx, mine.patient),
            await queries_issuers.trusted_issuer(tx, mine.issuer),
            await queries_issuers.bound_account(tx, mine.issuer, "a subject"),
            await queries_issuers.open_account(tx, f"{mine.clinician.hex}@example.org"),
            await queries_sign_ins.token_facts(tx, mine.digest),
            await _live(tx, mine),
        ]
        assert all(found), found
        assert await queries_limits.spend(tx, mine.digest, SINCE) == 2
    for case in (True, False):
        _, shown = await _patient_files(seeing, mine, mine, case=case)
        assert [each.file.id for each in shown] == [mine.file]


async def test_lists_of_all_are_lists_of_ones_own(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    before = await rows_of(above, other)
    async with seeing.transaction(mine.id) as tx:
        listed: list[Iterable[object]] = [
            [each.id for each in await users.users(tx)],
            [each.id for each in await queries_api_keys.keys(tx)],
            [each.id for each, _ in await _patients(tx)],
            [each.id for each in await queries_issuers.issuers(tx)],
        ]
        organization = await users.organization(tx)
    assert [set(each) for each in listed] == [
        {mine.clinician, mine.patient},
        {mine.key},
        {mine.patient},
        {mine.issuer},
    ]
    assert organization is not None
    assert organization.id == mine.id
    assert await seal(seeing, mine.id) == 1
    assert await rows_of(above, other) == before


def _keeping(mine: Clinic) -> Keeping:
    return Keeping(mine.case_id, mine.patient, Marks(is_phi=True), NOW)


def _placed(other: Clinic) -> Placed:
    received = Received(other.arriving, "a.pdf", "application/pdf", 3, bytes(32), Category.LAB)
    return Placed(received, Category.LAB, f"/files/{CaseNumber(1)}/{other.arriving}")


async def _patients(tx: Tx) -> list[tuple[User, bool]]:
    return await queries_lookups.patients(tx, email=None, phone=None, most=9, after=None)


async def _live(tx: Tx, whose: Clinic) -> object:
    return await queries_sign_ins.live_sign_in(
        tx, whose.sign_in, whose.clinician, Audience.CLINICIAN, NOW
    )


async def _cases_of(
    tx: Tx, clinician_id: UserId | None, most: int | None = None
) -> tuple[int, list[Case]]:
    wanted = CaseFilter(search="a")
    return await lists.cases_of(tx, clinician_id, wanted, CaseOrder(), most=most)


async def _patient_files(
    db: Database, mine: Clinic, other: Clinic, *, case: bool
) -> tuple[object, list[files.Shown]]:
    return await files.files_of_patient(
        db,
        mine.id,
        other.patient,
        case_id=other.case_id if case else None,
        phi=None,
        most=None,
        after=None,
    )


async def test_what_a_partner_is_told_of_another_is_nothing(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    before = await rows_of(above, other)
    window = Window(SINCE - timedelta(days=9000), UNTIL, frozenset(), 9, None)
    email = f"{other.patient.hex}@example.org"
    async with seeing.transaction(mine.id) as tx:
        found = [
            await full_case(tx, other.case_id),
            await queries_detail.case_file(tx, other.file),
            await details.newest_case_of(tx, email),
            await details.user_of_email(tx, email),
            await details.count_communications(tx, other.case_id),
            await details.place_of(tx, other.case_id),
            await forms.form_by_title(tx, "another form"),
            await files.is_live_key(tx, other.key),
            set(await details.cases_in_window(tx, window, None, most=9)) - {mine.case_id},
        ]
        own = [
            await full_case(tx, mine.case_id),
            await queries_detail.case_file(tx, mine.file),
            await details.newest_case_of(tx, f"{mine.patient.hex}@example.org"),
            await details.place_of(tx, mine.case_id),
            await files.is_live_key(tx, mine.key),
            mine.case_id in await details.cases_in_window(tx, window, None, most=9),
        ]
    assert not any(found), found
    assert all(own), own
    assert await rows_of(above, other) == before


async def test_webhooks_of_another_are_neither_found_nor_changed(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    before = await rows_of(above, other)
    webhook, delivery = await _webhook_of(seeing, other)
    own_webhook, own_delivery = await _webhook_of(seeing, mine)
    async with seeing.transaction(mine.id) as tx:
        found = [
            await webhooks.find_webhook(tx, webhook, lock=True),
            await webhooks.set_disabled(tx, webhook, NOW),
            await webhooks.give_up_pending(tx, webhook),
            await webhooks.delete_webhook(tx, webhook),
            await deliveries.case_of(tx, delivery),
            await deliveries.look_at(tx, delivery),
            await deliveries.claim(tx, delivery, timedelta(minutes=1)),
            await deliveries.next_pending(tx, webhook, other.case_id),
            await deliveries.find_delivery(tx, delivery),
            await deliveries.deliveries_of(tx, webhook, state=None, before=None, most=5),
            await deliveries.attempts_of(tx, delivery),
            await deliveries.make_pending(tx, [delivery]),
            await deliveries.oldest_failed(tx, webhook, 5),
        ]
        assert not any(found), found
        assert await webhooks.subscribed(tx, WebhookEvent.CASE_OPENED) == [own_webhook]
        assert [each.id for each in await webhooks.all_webhooks(tx)] == [own_webhook]
        assert await deliveries.take_forgotten(tx, timedelta(days=-1), 5) == [own_delivery]
        assert await deliveries.claim(tx, own_delivery, timedelta(minutes=1))
    assert await rows_of(above, other) == before


async def test_findings_of_another_are_neither_found_nor_changed(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    before = await rows_of(above, other)
    pairs = [(other.file, Damage.ALTERED)]
    later = utc_now() + timedelta(hours=1)
    async with seeing.transaction(mine.id) as tx:
        own, *more = await verifying.findings(tx, damage=None, mended=None, before=None, most=9)
        assert not more
        (stored, _) = await verifying.totals(tx)
        assert stored == len(await verifying.stored_after(tx, None, 99))
        assert [each.id for each in await verifying.open_unseen(tx, later, None, 9)] == [own.id]
        assert await verifying.untold(tx) == ({Damage.ALTERED: 1}, None)
        assert await verifying.administrators(tx) == []
        found = [
            await verifying.stored_among(tx, [other.file]),
            await verifying.owned_among(tx, [other.file]),
            await verifying.open_among(tx, [other.file]),
        ]
        await verifying.mark_mended(tx, pairs, NOW)
        await verifying.mark_told(tx, later)
        await scrubbing.begin_scrub(tx, NOW)
        await scrubbing.advance_scrub(tx, other.file, 1, 1)
        await scrubbing.end_scrub(tx, NOW)
        scrub = await scrubbing.find_scrub(tx)
        await verifying.note(tx, pairs, NOW)
    assert not any(found), found
    assert scrub == scrubbing.Scrub(NOW, NOW, other.file)
    assert await rows_of(above, other) == before


async def _webhook_of(seeing: Database, clinic: Clinic) -> tuple[WebhookId, DeliveryId]:
    async with seeing.transaction(clinic.id) as tx:
        row = await tx.fetch_row(
            "select webhook_id, id from webhook_deliveries where organization_id = $1", clinic.id
        )
    assert row is not None
    return row["webhook_id"], row["id"]


async def test_keys_and_seals_of_another_are_not_found(
    seeing: Database, above: asyncpg.Connection, mine: Clinic, other: Clinic
) -> None:
    before = await rows_of(above, other)
    seal = Seal(other.sealing_key, bytes(60), 3)
    async with seeing.transaction(mine.id) as tx:
        current = await blobs.current_key(tx)
        assert current is not None
        found = [
            await blobs.find_seal(tx, other.file),
            await blobs.find_key(tx, other.sealing_key),
            current.id != mine.sealing_key,
            {each.id for each in await blobs.all_keys(tx)} - {mine.sealing_key},
            {each.id for each in await blobs.key_uses(tx)} - {mine.sealing_key},
            [each.seals for each in await blobs.key_uses(tx)] != [1],
            await blobs.delete_seals(tx, [other.file]),
            (await blobs.take_unsealed(tx, 9)).keys() - {mine.removed},
            await blobs.rewrap_seals(tx, {other.file: seal}),
            await blobs.rewrap_key(tx, WrappedKey(other.sealing_key, bytes(60), "mine")),
            {each.id for each in await blobs.keys_wrapped_otherwise(tx, "?")} - {mine.sealing_key},
        ]
        await blobs.retire_current(tx, NOW)
        found += [
            await blobs.count_seals_of_retired(tx) - 1,
            (await blobs.seals_of_retired(tx, 9)).keys() - {mine.file},
            await blobs.delete_unused(tx, UNTIL),
        ]
    assert not any(found), found
    assert await rows_of(above, other) == before
