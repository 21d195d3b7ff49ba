"""Messages between houses, signed with a secret that both have: two headers, `Numero-Nero-Time`, seconds since 1970,
and `Numero-Nero-Signature`, the HMAC-SHA-256 (hexadecimal) of TIME "." BODY. An old message is not believed."""

import hashlib
import hmac

SKEW = 300.0  # seconds by which the other clock may differ


def signature(secret: str, at: str, body: bytes) -> str:
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def headers(secret: str, now: float, body: bytes) -> dict[str, str]:
    at = str(int(now))
    return {"Numero-Nero-Time": at, "Numero-Nero-Signature": signature(secret, at, body)}


def is_signed(secret: str, at: str, given: str, body: bytes, now: float) -> bool:
    fresh = at.isdecimal() and len(at) < 16 and abs(now - int(at)) <= SKEW
    return bool(secret) and fresh and hmac.compare_digest(signature(secret, at, body), given)
