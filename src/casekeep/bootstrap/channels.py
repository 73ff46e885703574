"""Opens the ways out for mail and text messages that the settings name."""

from pathlib import Path

from casekeep.mail.channels import (
    EmailChannel,
    TextChannel,
    open_email_channel,
    open_text_channel,
)
from casekeep.settings import Settings, SettingsNotValid


def open_channels(settings: Settings) -> tuple[EmailChannel, TextChannel]:
    """The ways out for mail and text messages. Raises SettingsNotValid."""
    outbox = f"maildir:{Path(settings.data) / 'outbox'}"
    try:
        email = open_email_channel(settings.mail_url or outbox, sender=settings.mail_from)
        return email, open_text_channel(settings.sms_url or outbox)
    except ValueError as error:
        raise SettingsNotValid(str(error)) from None
