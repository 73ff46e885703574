"""The limits that settings name, as the rooms know them."""

from datetime import timedelta

from casekeep.files.quotas import Allowed, Quotas
from casekeep.files.uploads.model import UploadLimits
from casekeep.settings import MIB, Settings


def upload_limits(settings: Settings) -> UploadLimits:
    """How large resumable uploads may be, how many there may be, and what may be kept."""
    return UploadLimits(
        size=settings.upload_limit_mib * MIB,
        life=timedelta(hours=settings.upload_keep_hours),
        user=_allowed(settings.unfinished_mib_user, settings.unfinished_uploads_user),
        organization=_allowed(
            settings.unfinished_mib_organization, settings.unfinished_uploads_organization
        ),
        quotas=Quotas(
            _allowed(settings.quota_mib_user, settings.quota_files_user),
            _allowed(settings.quota_mib_organization, settings.quota_files_organization),
        ),
    )


def _allowed(mebibytes: int, count: int) -> Allowed:
    return Allowed(mebibytes * MIB, count)
