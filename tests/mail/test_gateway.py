"""Text messages over HTTP: what is posted, how it signs in, and what counts as delivered."""

import logging
from base64 import b64encode

import pytest

from casekeep.mail.channels import open_text_channel
from casekeep.mail.message import DeliveryFailed, TextMessage
from tests.mail.servers import gateway_server, unused_port

CODE = TextMessage("+15550100", "Your code is 123456 — ✓")


async def send(url: str) -> None:
    channel = open_text_channel(url)
    try:
        await channel.send(CODE)
    finally:
        await channel.close()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_message_is_posted(status: int) -> None:
    with gateway_server(status) as server:
        await send(f"http://127.0.0.1:{server.port}/v1/messages?from=clinic")
    (post,) = server.posts
    assert post.path == "/v1/messages?from=clinic"
    assert post.body == {"to": "+15550100", "text": CODE.text}
    assert post.headers["content-type"] == "application/json"
    assert "authorization" not in post.headers


async def test_it_signs_in_with_user_and_password() -> None:
    with gateway_server() as server:
        await send(f"http://clinic:s3cret%40word@127.0.0.1:{server.port}/send")
    expected = "Basic " + b64encode(b"clinic:s3cret@word").decode()
    assert server.posts[0].headers["authorization"] == expected


async def test_it_signs_in_with_a_token_that_leaves_the_address() -> None:
    with gateway_server() as server:
        await send(f"http://127.0.0.1:{server.port}/send?token=t%2Bken&from=clinic")
    assert server.posts[0].headers["authorization"] == "Bearer t+ken"
    assert server.posts[0].path == "/send?from=clinic"


@pytest.mark.parametrize("status", [307, 400, 401, 429, 500])
async def test_any_other_answer_is_a_failure(status: int) -> None:
    with (
        gateway_server(status) as server,
        pytest.raises(DeliveryFailed, match=str(status)) as failed,
    ):
        await send(f"http://127.0.0.1:{server.port}/send")
    assert len(server.posts) == 1, "neither repeated nor redirected"
    assert "5550100" not in str(failed.value)


async def test_a_gateway_that_is_gone_fails() -> None:
    with pytest.raises(DeliveryFailed, match="ConnectError"):
        await send(f"http://127.0.0.1:{unused_port()}/send?token=hidden")


async def test_the_address_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with gateway_server() as server:
        await send(f"http://127.0.0.1:{server.port}/send?key=hidden")
    assert "hidden" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://hidden.example",
        "https://",
        "https://gateway.example:hidden/",
        "https://gateway.example/?token=hidden&token=hidden",
        "https://user:hidden@gateway.example/?token=hidden",
        "https://gateway.example/?hidden",
        "maildir:",
    ],
)
def test_a_bad_url_is_told_by_its_form_only(url: str) -> None:
    with pytest.raises(ValueError, match=r"CASEKEEP_SMS_URL|maildir:FOLDER") as error:
        open_text_channel(url)
    assert "hidden" not in str(error.value)


def test_a_number_is_one_line() -> None:
    with pytest.raises(ValueError, match="one line"):
        TextMessage("+15550100\n", "")
