"""Operators' phones in Asterisk, pushed into its memory: for each operator `op-CODE`, an ordinary SIP phone, and
`web-CODE`, the phone in the page of a browser.

Passwords are derived from the installation's secret, so they are stored nowhere and the same after any restart.
"""

import hashlib
import hmac
from collections.abc import Mapping

from ivr.ari.client import Ari
from ivr.calls.reach import PATIENCE, QUALIFY

# A browser's password holds for so many seconds: who has been given one is at work, not equipped for life.
BROWSER_PASSWORD = 12 * 3600
ANYWHERE = "0.0.0.0"  # noqa: S104 a setting that is compared with

Objects = dict[str, dict[str, str]]


def account(code: str) -> str:
    return f"op-{code}"


def browser_account(code: str) -> str:
    return f"web-{code}"


def way(name: str) -> str:
    """The AOR by which an account is rung through Kamailio, when that is where telephones are known."""
    return f"way-{name}"


def operator_of(name: str) -> str:
    """The code of the operator whose account it is."""
    return name.removeprefix("op-").removeprefix("web-")


def password(secret: str, code: str) -> str:
    """The SIP password of an operator's phone: HMAC-SHA256 of the account, 32 hex digits."""
    return _derived(secret, account(code))


def period(now: float) -> int:
    """The number of the time in which a browser's password holds; `now` in seconds since 1970."""
    return int(now // BROWSER_PASSWORD)


def browser_password(secret: str, code: str, period: int) -> str:
    """The SIP password of the phone in a browser, like the other, but of one period only."""
    return _derived(secret, f"{browser_account(code)} {period}")


def _derived(secret: str, name: str) -> str:
    return hmac.new(secret.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]


def sip_phone(code: str, secret: str, srtp: str = "off") -> Objects:
    """PJSIP objects of the phone, by kind, in the order in which they must be made. `srtp`: whether its sound is
    encrypted: `off`, `offered` or `required`."""
    own = {"disallow": "all", "allow": "!all,alaw,ulaw,g722", "rtp_symmetric": "yes", "force_rport": "yes"}
    if srtp != "off":
        own |= {"media_encryption": "sdes", "media_encryption_optimistic": "yes" if srtp == "offered" else "no"}
    return _objects(account(code), password(secret, code), own)


def browser_phone(code: str, secret: str, period: int, listen: str) -> Objects:
    """The same of the phone in a browser: its sound is encrypted (DTLS, with a certificate that Asterisk makes for each
    call) and bound to `listen`, the address of our SIP."""
    # The telephone's own codec first: on a good network it loses nothing, and costs no conversion.
    own = {"webrtc": "yes", "allow": "!all,alaw,opus,ulaw,g722"}
    if listen != ANYWHERE:
        own |= {"media_address": listen, "bind_rtp_to_media_address": "yes"}
    return _objects(browser_account(code), browser_password(secret, code, period), own)


def _objects(name: str, password: str, own: Mapping[str, str]) -> Objects:
    return {
        "auth": {"auth_type": "userpass", "username": name, "password": password},
        "aor": {
            "max_contacts": "1",
            "remove_existing": "yes",
            "qualify_frequency": f"{QUALIFY:.0f}",
            "qualify_timeout": str(PATIENCE),
        },
        "endpoint": {
            "context": "operators",
            "auth": name,
            "aors": name,
            "direct_media": "no",
            "rewrite_contact": "yes",
            "dtmf_mode": "auto",
            "allow_transfer": "no",
            "allow_subscribe": "no",
            "rtp_timeout": "60",
            **own,
        },
    }


async def put(ari: Ari, name: str, objects: Objects, through: str = "") -> None:
    """Make or change the phone of account `name`. `through`: Kamailio (`host:port`), which knows where each telephone
    is, whichever Asterisk has let it in; the phone counts as there when it answers Asterisk's question by that way."""
    if through:
        contact = {"contact": f"sip:{name}@{through}", "qualify_2xx_only": "yes"}
        asked = {key: value for key, value in objects["aor"].items() if key.startswith("qualify")}
        await ari.put_object("aor", way(name), asked | contact)
        by_it = {"outbound_proxy": f"sip:{through};lr"}
        # The Asterisk that has let it in knows it besides; that way, too, leads through Kamailio, and nowhere past it.
        own = by_it | {"maximum_expiration": "120", "qualify_2xx_only": "yes"}
        by_it = by_it | {"aors": f"{way(name)},{name}", "rewrite_contact": "no"}
        objects = objects | {"aor": objects["aor"] | own, "endpoint": objects["endpoint"] | by_it}
    for kind, fields in objects.items():
        await ari.put_object(kind, name, fields)


async def delete(ari: Ari, name: str) -> None:
    for kind in ("endpoint", "aor", "auth"):
        await ari.delete_object(kind, name)
    await ari.delete_object("aor", way(name))
