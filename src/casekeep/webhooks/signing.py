"""Signs what is sent, in both published ways: the portal contract's header, and those of Standard
Webhooks (https://www.standardwebhooks.com, "Webhook headers" and "Signature scheme").
"""

import base64
import hmac
from datetime import datetime
from hashlib import sha256

from casekeep.kernel.ids import DeliveryId
from casekeep.webhooks.secrets import PREFIX


def signed_headers(
    body: bytes, delivery_id: DeliveryId, at: datetime, secret: str | None
) -> dict[str, str]:
    """The headers that name a delivery and prove who sent it. The id is the same in every attempt;
    the time is the attempt's. Without a secret nothing is proven.
    """
    seconds = str(int(at.timestamp()))
    headers = {"webhook-id": str(delivery_id), "webhook-timestamp": seconds}
    if secret is not None:
        key = base64.b64decode(secret.removeprefix(PREFIX))
        content = f"{delivery_id}.{seconds}.".encode() + body
        signature = base64.b64encode(hmac.digest(key, content, sha256)).decode()
        headers["webhook-signature"] = f"v1,{signature}"
        headers["x-cv-signature"] = hmac.digest(secret.encode(), body, sha256).hex()
    return headers
