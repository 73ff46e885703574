"""Fixtures every test may use: a real PostgreSQL, reached as the application role; a house over it
and its edges; servers of others. What lasts for the run is made once in a process, since each
conftest that imported it again would have one of its own.
"""

from tests.support.buckets import moto, rclone, s3_credentials
from tests.support.clinician import clinician, root
from tests.support.collecting import *  # noqa: F403 - a hook is found by name
from tests.support.database import *  # noqa: F403 - fixtures are found by name
from tests.support.house import house, outbox
from tests.support.issuer import issuer
from tests.support.portal import portal

__all__ = [
    "clinician",
    "house",
    "issuer",
    "moto",
    "outbox",
    "portal",
    "rclone",
    "root",
    "s3_credentials",
]
