"""Which function does which kind of job, over the assembled house."""

from collections.abc import Mapping

from casekeep.http.house import House
from casekeep.jobs.queue import JobName
from casekeep.jobs.running import Work


def work_of(_: House) -> Mapping[JobName, Work]:
    """Every kind of job that this version does."""
    return {}
