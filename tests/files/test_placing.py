"""A flood of one name gets paths as well, without asking about all that went before."""

import re

from casekeep.files.model import Category
from casekeep.kernel.ids import OrganizationId
from tests.files.room import Room, body, pdf
from tests.files.test_receiving_at_once import clinician_with_case

TAKEN = 256


async def occupy(room: Room, organization_id: OrganizationId, folder: str) -> None:
    """Rows that hold `report.pdf`, `report (2).pdf` … of a folder."""
    async with room.db.transaction(organization_id) as tx:
        await tx.execute(
            """insert into files (id, organization_id, name, url_path, is_phi, receiver)
               select gen_random_uuid(), $1, 'report.pdf',
                      $2 || case when n = 1 then 'report.pdf' else 'report (' || n || ').pdf' end,
                      true, 0
               from generate_series(1, $3::int) n""",
            organization_id,
            folder,
            TAKEN,
        )


async def test_after_some_hundreds_of_one_name_any_free_number_will_do(room: Room) -> None:
    clinician, case_id = await clinician_with_case(room)
    async with room.db.transaction(clinician.organization_id) as tx:
        number = await tx.fetch_value("select number from cases where id = $1", case_id)
    await occupy(room, clinician.organization_id, f"/files/{number}/")
    for _ in range(3):
        async with room.receiving.batch(clinician) as batch:
            await batch.receive("report.pdf", body(pdf("one more")), Category.LAB)
            (file,) = await batch.keep_in_case(
                case_id, category=Category.LAB, is_phi=True, is_restricted=False
            )
        found = re.fullmatch(rf"/files/{number}/report \((\d+)\)\.pdf", file.url_path)
        assert found
        assert int(found[1]) >= TAKEN
