"""Which function does which kind of job, over the assembled house."""

from collections.abc import Mapping
from functools import partial

from casekeep.http.house import House
from casekeep.jobs.queue import JobName
from casekeep.jobs.running import Work
from casekeep.processing.analysis import analyze_case, give_up_analysis
from casekeep.webhooks.delivering import Delivering, deliver


def work_of(house: House, delivering: Delivering) -> Mapping[JobName, Work]:
    """Every kind of job that this version does."""
    return {
        JobName.ANALYZE_CASE: partial(analyze_case, house.db, house.blobs, house.audit),
        JobName.DELIVER_WEBHOOK: partial(deliver, delivering),
    }


def given_up_of(house: House) -> Mapping[JobName, Work]:
    """What is done for jobs that failed too often, for kinds that somebody waits for. A delivery is
    none: it is found again by itself.
    """
    return {JobName.ANALYZE_CASE: partial(give_up_analysis, house.db, house.audit)}
