"""Both signatures are what their readers compute."""

import hashlib
import hmac

import pytest
from standardwebhooks import Webhook as Reader
from standardwebhooks import WebhookVerificationError

from casekeep.kernel.clock import utc_now
from casekeep.kernel.ids import DeliveryId, new_id
from casekeep.webhooks.secrets import new_secret
from casekeep.webhooks.signing import signed_headers

BODY = b'{"event":"CREATE_CASE","payload":{"case":{"title":"\xc3\xa4"}}}'
ID = DeliveryId(new_id())


def test_the_published_library_believes_it() -> None:
    secret = new_secret()
    headers = signed_headers(BODY, ID, utc_now(), secret)
    assert Reader(secret).verify(BODY, headers) == {
        "event": "CREATE_CASE",
        "payload": {"case": {"title": "\u00e4"}},
    }
    with pytest.raises(WebhookVerificationError):
        Reader(secret).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Reader(new_secret()).verify(BODY, headers)


def test_the_contract_s_header_is_the_hex_digest_of_the_raw_body() -> None:
    secret = new_secret()
    headers = signed_headers(BODY, ID, utc_now(), secret)
    expected = hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()
    assert headers["x-cv-signature"] == expected
    assert headers["webhook-id"] == str(ID)


def test_without_a_secret_nothing_is_signed() -> None:
    headers = signed_headers(BODY, ID, utc_now(), None)
    assert set(headers) == {"webhook-id", "webhook-timestamp"}
