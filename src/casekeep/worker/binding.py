"""Which function does which kind of job, over the assembled house."""

from collections.abc import Mapping
from functools import partial

from casekeep.http.house import House
from casekeep.jobs.queue import JobName
from casekeep.jobs.running import Work
from casekeep.processing.analysis import analyze_case
from casekeep.webhooks.delivering import Delivering, deliver


def work_of(house: House, delivering: Delivering) -> Mapping[JobName, Work]:
    """Every kind of job that this version does."""
    return {
        JobName.ANALYZE_CASE: partial(analyze_case, house.db, house.blobs, house.audit),
        JobName.DELIVER_WEBHOOK: partial(deliver, delivering),
    }
