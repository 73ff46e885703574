"""Mail and text messages in a maildir: readable by any mail program, private to the service."""

import asyncio
import mailbox
import shutil
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from casekeep.mail.channels import open_email_channel, open_text_channel
from casekeep.mail.message import DeliveryFailed, Email, TextMessage

SENDER = "Casekeep <no-reply@clinic.example>"


def read(folder: Path) -> list[EmailMessage]:
    box = mailbox.Maildir(folder, create=False)
    return [message_from_bytes(box.get_bytes(key), policy=policy.default) for key in box.iterkeys()]


async def test_mails_and_text_messages_share_a_box(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "out box"
    email = open_email_channel(f"maildir:{folder}", sender=SENDER)
    text = open_text_channel(f"maildir:{folder}")
    await email.send(Email("pat@example.org", "Код", "Ваш код: 123456\n"))
    await text.send(TextMessage("+15550100", "Your code is 123456"))
    await email.close()
    await text.close()

    mail, sms = sorted(read(folder), key=lambda each: each["X-Channel"] == "SMS")
    assert mail["Subject"] == "Код"
    assert mail["From"] == SENDER
    assert mail["X-Channel"] is None
    assert mail.get_content() == "Ваш код: 123456\n"
    assert sms["X-Channel"] == "SMS"
    assert sms["To"] == "+15550100"
    assert sms.get_content().strip() == "Your code is 123456"


async def test_the_box_is_private_even_if_it_was_not(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    folder.mkdir(mode=0o755)
    open_text_channel(f"maildir:{folder}")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {part.stat().st_mode & 0o777 for part in folder.iterdir()} == {0o700}


async def test_many_at_once_all_arrive(tmp_path: Path) -> None:
    channels = [open_text_channel(f"maildir:{tmp_path}/box") for _ in range(2)]
    messages = [TextMessage("+15550100", f"message {number}") for number in range(40)]
    await asyncio.gather(*(channels[number % 2].send(each) for number, each in enumerate(messages)))
    assert {mail.get_content().strip() for mail in read(tmp_path / "box")} == {
        each.text for each in messages
    }


async def test_a_box_that_is_gone_fails(tmp_path: Path) -> None:
    channel = open_email_channel(f"maildir:{tmp_path}/box", sender=SENDER)
    shutil.rmtree(tmp_path / "box")
    with pytest.raises(DeliveryFailed):
        await channel.send(Email("pat@example.org", "Your code", "123456"))


def test_a_box_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="cannot be used"):
        open_text_channel(f"maildir:{tmp_path}/file/box")
