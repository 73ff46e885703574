"""What pgqueuer's tables are called. Said once and in full, so that no variable of the environment
can make two processes look in two places.
"""

from typing import Final

from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from pgqueuer.ports.driver import Driver
from pgqueuer.queries import Queries

CHANNEL: Final = Channel("ch_pgqueuer")
"""Where news of jobs are told (PostgreSQL's NOTIFY)."""

_NAMES: Final = DBSettings(
    prefix="",
    db_schema="public",
    channel=CHANNEL,
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=False,
)
_INSTALLING: Final = QueryBuilderEnvironment(_NAMES)
_QUEUEING: Final = QueryQueueBuilder(_NAMES)
_SCHEDULING: Final = QuerySchedulerBuilder(_NAMES)

ENQUEUE: Final = _QUEUEING.build_enqueue_query()
"""Inserts jobs; takes arrays of their priorities, kinds, payloads, delays, keys and headers."""


def queries_over(driver: Driver) -> Queries:
    """pgqueuer's statements for our tables, over a connection."""
    return Queries(driver, qbe=_INSTALLING, qbq=_QUEUEING, qbs=_SCHEDULING)
