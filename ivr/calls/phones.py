"""Operators' phones in Asterisk: one SIP account an operator, pushed into Asterisk's memory.

The password is derived from the installation's secret, so it is stored nowhere and the same after any restart.
"""

import hashlib
import hmac
from collections.abc import Mapping

from ivr.ari.client import Ari


def account(code: str) -> str:
    return f"op-{code}"


def password(secret: str, code: str) -> str:
    """The SIP password of an operator's phone: HMAC-SHA256 of the account, 32 hex digits."""
    return hmac.new(secret.encode(), account(code).encode(), hashlib.sha256).hexdigest()[:32]


def objects(code: str, secret: str) -> dict[str, Mapping[str, str]]:
    """PJSIP objects of one phone, by kind, in the order in which they must be made."""
    name = account(code)
    return {
        "auth": {"auth_type": "userpass", "username": name, "password": password(secret, code)},
        "aor": {"max_contacts": "1", "remove_existing": "yes", "qualify_frequency": "0"},
        "endpoint": {
            "context": "operators",
            "auth": name,
            "aors": name,
            "disallow": "all",
            "allow": "!all,alaw,ulaw",
            "direct_media": "no",
            "rtp_symmetric": "yes",
            "force_rport": "yes",
            "rewrite_contact": "yes",
            "dtmf_mode": "auto",
            "rtp_timeout": "60",
        },
    }


async def put(ari: Ari, code: str, secret: str) -> None:
    for kind, fields in objects(code, secret).items():
        await ari.put_object(kind, account(code), fields)


async def delete(ari: Ari, code: str) -> None:
    for kind in ("endpoint", "aor", "auth"):
        await ari.delete_object(kind, account(code))
