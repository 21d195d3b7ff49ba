"""Signing in at a real OpenID provider, by its own page in a real Chromium and by HTTP; forged and stale answers."""

import base64
import hmac
import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer, unused_port
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from playwright.async_api import Browser
from yarl import URL

from ivr.cli.flow.test import failures
from ivr.cli.vault import open_vault
from ivr.prompts.library import Library
from ivr.settings import OpenId, SettingsError, load
from ivr.store import audit
from ivr.store.database import Database
from ivr.store.schema import User
from ivr.web.app import make_app
from ivr.web.openid import OpenIdError, Provider, role_of, verified
from ivr.web.users import remove_user
from tests import openid
from tests.ivr.web.conftest import CALLERS, LINK_TOKEN, PHONE_SECRET, PSEUDONYMS, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROLES = {"ivr-revisori": "reviewer", "ivr-fornitore": "supplier-reviewer", "ivr-operatori": "operator"}


@pytest.fixture(scope="module")
def provider() -> Iterator[openid.Running]:
    with openid.provider() as one:
        yield one


@pytest.fixture
def wanted(provider: openid.Running) -> OpenId:
    return OpenId(issuer=provider.address, client_id="numero-nero", roles=ROLES)


@pytest_asyncio.fixture(loop_scope="session")
async def address(database: Database, users: None, tmp_path: Path, flows: Path, wanted: OpenId) -> AsyncIterator[str]:
    settings = load(tmp_path, environment={"NUMERO_NERO_FLOWS__FOLDER": str(flows)})
    port = unused_port()
    library, tests = Library(settings.prompts_folder, flows), partial(failures, settings=settings)
    here = f"http://127.0.0.1:{port}"
    keys = (os.urandom(32), PHONE_SECRET, LINK_TOKEN, PSEUDONYMS, CALLERS)
    app = make_app(settings, database, open_vault(settings), *keys, library, tests, Provider(wanted, "secret", here))
    async with TestServer(app, port=port):
        yield here


async def tell(provider: openid.Running, subject: str, **claims: object) -> None:
    """What the provider says of somebody."""
    async with ClientSession() as web, web.put(f"{provider.address}/users/{subject}", json=claims) as answer:
        assert answer.status == 204


async def begin(web: ClientSession, address: str) -> str:
    async with web.get(f"{address}/sign-in/openid", allow_redirects=False) as answer:
        assert answer.status == 303
        cookie = answer.cookies["ivr-attempt"]
        assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["max-age"] == "600"
        return answer.headers["Location"]


async def authorize(web: ClientSession, there: str, subject: str) -> str:
    """Signs in at the provider; where it sends the browser back to."""
    async with web.post(URL(there, encoded=True), data={"sub": subject}, allow_redirects=False) as answer:
        assert answer.status == 302
        return answer.headers["Location"]


async def back(web: ClientSession, where: str) -> tuple[int, str]:
    async with web.get(URL(where, encoded=True), allow_redirects=False, headers={"Accept-Language": "en"}) as answer:
        return answer.status, await answer.text()


async def sign_in(web: ClientSession, address: str, subject: str) -> tuple[int, str]:
    return await back(web, await authorize(web, await begin(web, address), subject))


async def status(web: ClientSession, address: str, path: str = "/api/recordings") -> int:
    async with web.get(address + path) as answer:
        return answer.status


def browser_of() -> ClientSession:
    return ClientSession(cookie_jar=CookieJar(unsafe=True))


async def test_the_providers_claims_give_the_role_and_take_it(
    address: str, provider: openid.Running, database: Database
) -> None:
    await tell(provider, "s-1", preferred_username="carla", groups=["staff", "ivr-revisori"])
    async with browser_of() as web, browser_of() as other:
        code, text = await sign_in(web, address, "s-1")
        assert code == 200 and "url=/review" in text
        assert (await status(web, address), await status(web, address, "/api/calls")) == (200, 403)
        query = provider.authorized[-1]
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
        assert query["nonce"] != query["state"]
        assert (await sign_in(other, address, "s-1"))[0] == 200
        await tell(provider, "s-1", preferred_username="carla-2", groups="ivr-fornitore")
        assert (await sign_in(other, address, "s-1"))[0] == 200
        with database.read() as session:
            assert session.get_one(User, "carla").role == "supplier-reviewer", "the name stays, the role is the new one"
        await tell(provider, "s-1", preferred_username="carla", groups=["staff"])
        code, text = await sign_in(other, address, "s-1")
        assert code == 403 and "has no role here" in text
        assert (await status(web, address), await status(other, address)) == (401, 401), "signed out everywhere"
        await tell(provider, "s-1", preferred_username="carla", groups=["ivr-revisori"])
        assert (await sign_in(web, address, "s-1"))[0] == 200 and await status(web, address) == 200
    with database.read() as session:
        roles = [one.detail.partition(",")[0] for one in audit.find(session, action="role")]
    assert roles == ["reviewer", "none", "supplier-reviewer", "reviewer"]


async def test_who_is_not_let_in(address: str, provider: openid.Running, database: Database) -> None:
    await tell(provider, "s-2", preferred_username="admin", groups=["ivr-revisori"])
    await tell(provider, "s-3", preferred_username="dino", groups=["ivr-operatori"])
    await tell(provider, "s-4", preferred_username="elsa", groups=["ivr-operatori"], operator="4271")
    await tell(provider, "s-5", groups=["ivr-revisori"])
    async with browser_of() as web:
        for subject, said in (("s-2", "belongs to another user"), ("s-3", "no operator"), ("s-5", "belongs to")):
            code, text = await sign_in(web, address, subject)
            assert code == 403 and said in text, subject
            assert await status(web, address) == 401
        assert (await sign_in(web, address, "s-4"))[0] == 200 and await status(web, address, "/desk") == 200
        with database.transaction() as session:
            remove_user(session, "elsa")
        code, text = await sign_in(web, address, "s-4")
        assert code == 403 and "was removed here" in text
        form = {"name": "elsa", "password": ""}
        async with web.post(f"{address}/sign-in", data=form) as answer:
            assert answer.status == 401, "who comes from the provider has no password here"


async def test_answers_that_are_stale_forged_or_of_another_browser(address: str, provider: openid.Running) -> None:
    await tell(provider, "s-6", preferred_username="fabio", groups=["ivr-revisori"])
    async with browser_of() as web, browser_of() as other:
        where = await authorize(web, await begin(web, address), "s-6")
        await begin(other, address)
        assert (await back(other, where))[0] == 403, "another browser's state"
        async with browser_of() as third:
            assert "begin again" in (await back(third, where))[1], "no attempt at all"
        assert (await back(web, where))[0] == 200
        assert (await back(web, where))[0] == 403, "once only"
        there = await begin(web, address)
        state = parse_qs(urlsplit(there).query)["state"][0]
        code = parse_qs(urlsplit(where).query)["code"][0]
        assert (await back(web, f"{address}/sign-in/openid/back?state={state}&code={code}"))[0] == 403, "a used code"
        state = parse_qs(urlsplit(await begin(web, address)).query)["state"][0]
        denied = f"{address}/sign-in/openid/back?state={state}&error=access_denied"
        assert "let nobody in" in (await back(web, denied))[1]
        state = parse_qs(urlsplit(await begin(web, address)).query)["state"][0]
        mixed = f"{address}/sign-in/openid/back?state={state}&code=x&iss=https://other.example"
        assert (await back(web, mixed))[0] == 403
        # A code that was given for another attempt: neither its verifier nor its nonce is this browser's.
        stolen = parse_qs(urlsplit(await authorize(other, await begin(other, address), "s-6")).query)["code"][0]
        state = parse_qs(urlsplit(await begin(web, address)).query)["state"][0]
        assert (await back(web, f"{address}/sign-in/openid/back?state={state}&code={stolen}"))[0] == 403


async def test_in_and_out_again_in_a_browser(
    address: str, provider: openid.Running, browser: Browser, site: Site
) -> None:
    await tell(provider, "s-7", preferred_username="gina", groups=["ivr-revisori"])
    await site.open("/sign-in")
    assert await site.barriers() == []
    await site.page.click("text=Entra con la tua organizzazione")
    await site.page.fill("[name=sub]", "s-7")
    await site.page.keyboard.press("Enter")
    await site.page.wait_for_url("**/review")
    assert "gina (revisore" in await site.page.inner_text("header")
    await site.page.click("text=Esci")
    await site.page.wait_for_url(f"{provider.address}/oauth2/end_session**")
    query = parse_qs(urlsplit(site.page.url).query)
    assert query == {"client_id": ["numero-nero"], "post_logout_redirect_uri": [f"{address}/sign-in"]}
    await site.open("/recordings")
    assert site.page.url.endswith("/sign-in")


async def test_a_provider_that_is_away_or_is_another(address: str, wanted: OpenId) -> None:
    gone = wanted.model_copy(update={"issuer": f"http://localhost:{unused_port()}"})
    with pytest.raises(OpenIdError, match="does not answer"):
        await Provider(gone, "", address).sign_out()
    other = wanted.model_copy(update={"issuer": wanted.issuer + "/"})
    with pytest.raises(OpenIdError, match="calls itself"):
        await Provider(other, "", address).sign_out()


KEY, OTHER = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})
NOW = 1_800_000_000.0
WANTED = OpenId(issuer="https://login.example", client_id="us", roles={"a": "admin"}, skew=60)
GOOD = {"iss": "https://login.example", "aud": "us", "sub": "s", "nonce": "n", "iat": NOW - 5, "exp": NOW + 300}


def token(changes: dict[str, Any], key: Any = KEY, alg: str = "RS256") -> str:
    claims = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "1"}, claims, key, algorithms=[alg])


def coded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def accepts(text: str) -> bool:
    try:
        return verified(text, KeySet([KEY]), WANTED, "n", NOW)["sub"] == "s"
    except OpenIdError as error:
        assert error.code == "token"
        return False


async def test_an_id_token_is_the_providers_for_us_for_this_attempt_and_of_now() -> None:
    for changes in ({}, {"aud": ["us"]}, {"azp": "us"}, {"exp": NOW - 59}, {"iat": NOW + 59}):
        assert accepts(token(changes)), changes
    for changes in (
        {"iss": "https://other.example"}, {"iss": None}, {"aud": "them"}, {"aud": ["us", "them"]}, {"aud": None},
        {"azp": "them"}, {"nonce": "m"}, {"nonce": None}, {"exp": NOW - 61}, {"exp": None}, {"iat": NOW + 61},
        {"iat": None}, {"sub": None}, {"nbf": NOW + 61},
    ):  # fmt: skip
        assert not accepts(token(changes)), changes
    assert not accepts(token({}, OTHER)), "another's key"
    head, body, _ = token({}).split(".")
    none, shared = coded(b'{"alg": "none"}'), coded(b'{"alg": "HS256", "kid": "1"}') + "." + body
    mac = coded(hmac.digest(KEY.as_pem(private=False), shared.encode(), "sha256"))
    for text in (f"{shared}.{mac}", f"{none}.{body}.", f"{head}.{body}.", f"{head}.{body}.AAAA", "", "a.b.c", "x"):
        assert not accepts(text), text


async def test_the_first_line_of_the_table_that_fits() -> None:
    table: dict[str, Any] = {"admins": "admin", "reviewers": "reviewer"}
    wanted = OpenId(issuer="https://x.example", client_id="us", roles=table, roles_claim="realm_access.roles")
    for claim, role in (
        (["reviewers", "admins"], "admin"), (["x", "reviewers"], "reviewer"), ("reviewers", "reviewer"),
        (["admin"], ""), (None, ""), ({"admins": True}, ""), ([["admins"]], ""),
    ):  # fmt: skip
        assert role_of({"realm_access": {"roles": claim}}, wanted) == role, claim
    assert role_of({"realm_access": "admins"}, wanted) == role_of({}, wanted) == ""


@pytest.mark.parametrize(
    "text",
    [
        'issuer = "http://login.example"\nclient_id = "us"\nroles = {a = "admin"}',
        'issuer = "https://login.example"\nroles = {a = "admin"}',
        'issuer = "https://login.example"\nclient_id = "us"',
        'issuer = "https://login.example"\nclient_id = "us"\nroles = {a = "king"}',
    ],
)
async def test_settings_that_are_not_whole(tmp_path: Path, text: str) -> None:
    (tmp_path / "numero-nero.toml").write_text(f"[openid]\n{text}\n")
    with pytest.raises(SettingsError, match="openid"):
        load(tmp_path, environment={})
