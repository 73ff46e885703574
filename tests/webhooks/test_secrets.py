"""A sealed secret opens for the webhook that it was sealed for, with the key of its deployment."""

import base64

import pytest

from casekeep.kernel.ids import OrganizationId, WebhookId, new_id
from casekeep.webhooks.secrets import SecretNotReadable, WebhookSecrets, new_secret

ORG, OTHER_ORG = OrganizationId(new_id()), OrganizationId(new_id())
HOOK, OTHER_HOOK = WebhookId(new_id()), WebhookId(new_id())
SECRETS = WebhookSecrets(b"k" * 32)


def test_a_secret_is_of_the_published_form_and_never_the_same() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32


def test_what_was_sealed_opens() -> None:
    secret = new_secret()
    sealed = SECRETS.seal(secret, ORG, HOOK)
    assert secret.encode() not in sealed
    assert sealed != SECRETS.seal(secret, ORG, HOOK)
    assert SECRETS.open(sealed, ORG, HOOK) == secret


@pytest.mark.parametrize(("organization_id", "webhook_id"), [(OTHER_ORG, HOOK), (ORG, OTHER_HOOK)])
def test_it_opens_for_no_other(organization_id: OrganizationId, webhook_id: WebhookId) -> None:
    sealed = SECRETS.seal(new_secret(), ORG, HOOK)
    with pytest.raises(SecretNotReadable):
        SECRETS.open(sealed, organization_id, webhook_id)


def test_nor_with_another_key_nor_when_it_was_touched() -> None:
    sealed = SECRETS.seal(new_secret(), ORG, HOOK)
    with pytest.raises(SecretNotReadable):
        WebhookSecrets(b"o" * 32).open(sealed, ORG, HOOK)
    for broken in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", sealed[:12]):
        with pytest.raises(SecretNotReadable):
            SECRETS.open(broken, ORG, HOOK)
