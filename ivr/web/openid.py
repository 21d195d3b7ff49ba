"""An OpenID provider, where people sign in: authorization code with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636)."""

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ivr.problem import Problem
from ivr.settings import OpenId, is_safe

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "RS384", "RS512"]  # never one with a shared key, nor none
_KEEP = 3600.0  # seconds that the provider's description and keys are kept
_TIME = aiohttp.ClientTimeout(total=10)


class OpenIdError(Problem):
    """Nobody is let in; the message says why, without anything about the person. `code`: for the pages."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Attempt:
    """One sign-in on its way; the browser keeps it meanwhile. `state` and `nonce` bind the answer and its token to it,
    `verifier` the code."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def __str__(self) -> str:
        return f"{self.state}.{self.nonce}.{self.verifier}"

    @classmethod
    def read(cls, text: str) -> "Attempt":
        """Raises OpenIdError."""
        parts = text.split(".")
        if len(parts) != 3 or not all(parts):
            raise OpenIdError("late", "this browser has no sign-in on its way, or it took too long")
        return cls(*parts)

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


def verified(token: str, keys: KeySet, wanted: OpenId, nonce: str, now: float) -> dict[str, Any]:
    """The claims of an ID token that is the provider's, for us, for this attempt, of now (Core §3.1.3.7). Raises
    OpenIdError."""
    rules = jwt.JWTClaimsRegistry(
        now=int(now),
        leeway=int(wanted.skew),
        iss={"essential": True, "value": wanted.issuer},
        aud={"essential": True, "value": wanted.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        claims: dict[str, Any] = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        rules.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise OpenIdError("token", f"the provider's ID token is not accepted: {error}") from error
    if (
        claims["aud"] not in (wanted.client_id, [wanted.client_id])
        or claims.get("azp", wanted.client_id) != wanted.client_id
    ):
        raise OpenIdError("token", "the provider's ID token is not for us alone")
    return claims


def role_of(claims: Mapping[str, Any], wanted: OpenId) -> str:
    """The role of the first line of `openid.roles` that fits, or "". The claim may lie deeper: `realm_access.roles`."""
    value: Any = claims
    for part in wanted.roles_claim.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return next((role for name, role in wanted.roles.items() if name in given), "")


class Provider:
    """`address`: under which browsers reach us. What is asked over the network raises OpenIdError."""

    def __init__(self, wanted: OpenId, secret: str, address: str) -> None:
        self.wanted, self.address = wanted, address
        self._secret = secret
        self._kept: dict[str, tuple[float, Any]] = {}

    @property
    def _back(self) -> str:
        return f"{self.address}/sign-in/openid/back"

    async def sign_in(self, attempt: Attempt) -> str:
        """Where the browser goes."""
        query = {
            "response_type": "code",
            "client_id": self.wanted.client_id,
            "redirect_uri": self._back,
            "scope": " ".join(self.wanted.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return _with((await self._description())["authorization_endpoint"], query)

    async def sign_out(self) -> str:
        """Where the browser goes to sign out there, too (RP-Initiated Logout 1.0); "" where that is not offered."""
        there = (await self._description()).get("end_session_endpoint", "")
        query = {"client_id": self.wanted.client_id, "post_logout_redirect_uri": f"{self.address}/sign-in"}
        return _with(there, query) if is_safe(there) else ""

    async def claims(self, answer: Mapping[str, str], attempt: Attempt) -> dict[str, Any]:
        """Of who has signed in; `answer` is what the browser brought back."""
        if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise OpenIdError("late", "this answer belongs to no sign-in of this browser")
        if answer.get("iss", self.wanted.issuer) != self.wanted.issuer:  # RFC 9207
            raise OpenIdError("token", "this answer is another provider's")
        if "code" not in answer:
            raise OpenIdError("refused", "the provider let nobody in")
        description = await self._description()
        tokens = await self._exchange(description, answer["code"], attempt)
        claims = await self._verified(str(tokens.get("id_token", "")), attempt.nonce)
        if role_of(claims, self.wanted) or not is_safe(description.get("userinfo_endpoint", "")):
            return claims
        headers = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
        more: dict[str, Any] = await _json("GET", description["userinfo_endpoint"], headers=headers)
        if more.get("sub") != claims["sub"]:
            raise OpenIdError("token", "what the provider tells of the person is of somebody else")
        return more | claims

    async def _exchange(self, description: Mapping[str, Any], code: str, attempt: Attempt) -> Any:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._back}
        form["code_verifier"] = attempt.verifier
        headers = {}
        if "client_secret_basic" in description.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            pair = f"{quote(self.wanted.client_id, safe='')}:{quote(self._secret, safe='')}"  # RFC 6749 §2.3.1
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": self.wanted.client_id, "client_secret": self._secret}
        return await _json("POST", description["token_endpoint"], data=form, headers=headers)

    async def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        """By the keys that we have; once more by the newest, for providers change them."""
        try:
            return verified(token, await self._keys(), self.wanted, nonce, time.time())
        except OpenIdError:
            self._kept.pop("jwks", None)
            return verified(token, await self._keys(), self.wanted, nonce, time.time())

    async def _description(self) -> Mapping[str, Any]:
        there = f"{self.wanted.issuer.rstrip('/')}/.well-known/openid-configuration"
        description: Mapping[str, Any] = await self._get("description", there)
        if description.get("issuer") != self.wanted.issuer:
            self._kept.clear()
            raise OpenIdError("provider", f"{there} calls itself {description.get('issuer')}: set openid.issuer so")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe(str(description.get(name, ""))):
                raise OpenIdError("provider", f"{there} has no {name} with https")
        return description

    async def _keys(self) -> KeySet:
        try:
            return KeySet.import_key_set(await self._get("jwks", (await self._description())["jwks_uri"]))
        except (JoseError, ValueError, KeyError) as error:
            raise OpenIdError("provider", f"the provider's keys cannot be read: {error}") from error

    async def _get(self, name: str, address: str) -> Any:
        at, value = self._kept.get(name, (0.0, None))
        if value is None or at < time.monotonic() - _KEEP:
            value = await _json("GET", address)
            self._kept[name] = (time.monotonic(), value)
        return value


async def _json(method: str, address: str, **options: Any) -> Any:
    host = urlsplit(address).netloc
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIME) as web,
            web.request(method, address, allow_redirects=False, **options) as answer,
        ):
            if answer.status != 200:  # 400: the code is not this attempt's, or was used, or is too old (RFC 6749 §5.2)
                raise OpenIdError("late" if answer.status == 400 else "provider", f"{host} answered {answer.status}")
            value = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise OpenIdError("provider", f"{host} does not answer as a provider does: {type(error).__name__}") from error
    if not isinstance(value, dict):
        raise OpenIdError("provider", f"{host} did not answer with a JSON object")
    return value


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
