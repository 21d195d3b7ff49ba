"""A real mail server and a real webhook take what people are told; one that is away gets it later."""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from ivr.cli.watch import ways
from ivr.settings import Mail, Settings, load
from ivr.signed import is_signed
from ivr.watching import book, telling
from ivr.watching.alarms import Alarm, Notice, Rules
from ivr.watching.book import Book, Letter
from ivr.watching.watch import Watch
from tests.certificates import certificate
from tests.ivr.cli.conftest import Ivr, ivr  # noqa: F401 a fixture

PASSWORD, SECRET = "of the mail server", "of the webhook"
NOTICE = Notice("raised", "calls", "no controller can take calls: controller-1: 503", 1_800_000_000.0, 20.0)
LETTER = Letter("5b1f", "mail", 1_800_000_020.0, [NOTICE])
RULES = Rules(0, 0, 3600)


class MailServer:
    """With STARTTLS and a password when there is a certificate."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []
        options: dict[str, Any] = {}
        if certificate:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(certificate)
            options = {"tls_context": self.context, "require_starttls": True, "auth_required": True}
            options["authenticator"] = self._known
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self._controller = Controller(self, hostname="127.0.0.1", port=port, **options)

    def _known(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        known = (data.login, data.password) == (b"numero-nero", PASSWORD.encode())
        return AuthResult(success=known, handled=False)  # it is aiosmtpd that answers

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))  # type: ignore[arg-type]
        return "250 OK"

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


@pytest.fixture
def post() -> Iterator[MailServer]:
    with MailServer() as one:
        yield one


class Webhook:
    def __init__(self) -> None:
        self.status = 204
        self.taken: list[dict[str, Any]] = []

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        at, given = request.headers["Numero-Nero-Time"], request.headers["Numero-Nero-Signature"]
        assert is_signed(SECRET, at, given, body, time.time())
        if self.status < 300:
            self.taken.append(json.loads(body))
        return web.Response(status=self.status)


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    one, app = Webhook(), web.Application()
    app.router.add_post("/alarms", one.handle)
    async with TestServer(app) as server:
        one.address = str(server.make_url("/alarms"))  # type: ignore[attr-defined]
        yield one


def mail(server: str, **more: Any) -> Mail:
    given = {"security": "none", "sender": "nero@example.it", "to": ["a@example.it", "b@example.it"]}
    return Mail.model_validate({"server": server} | given | more)


async def test_a_mail_says_what_is_wrong_since_when_and_to_whom(post: MailServer) -> None:
    given = mail(post.address)
    await telling.send_mail(given, "", telling.message("house", given, LETTER))
    [(to, got)] = post.taken
    assert to == ["a@example.it", "b@example.it"] and got["To"] == "a@example.it, b@example.it"
    assert got["Subject"] == "[Numero Nero house] ALARM: calls" and got["Message-ID"] == "<5b1f@numero-nero.invalid>"
    assert "ALARM  calls: no controller can take calls: controller-1: 503" in got.get_content()
    assert "since 2027-01-15 08:00:00 UTC, 20 s" in got.get_content()


async def test_a_server_with_tls_and_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certificate(tmp_path / "mail.pem", days=10)
    with MailServer(file) as server:
        given = mail(server.address, security="starttls", user="numero-nero")
        with pytest.raises(telling.NotTold, match="certificate verify failed"):
            await telling.send_mail(given, PASSWORD, telling.message("house", given, LETTER))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with pytest.raises(telling.NotTold, match=r"535"):
            await telling.send_mail(given, "wrong", telling.message("house", given, LETTER))
        await telling.send_mail(given, PASSWORD, telling.message("house", given, LETTER))
        assert len(server.taken) == 1


async def test_who_is_not_there_is_named() -> None:
    given = mail("127.0.0.1:1")
    with pytest.raises(telling.NotTold, match=r"the mail server 127\.0\.0\.1:1: .*refused"):
        await telling.send_mail(given, "", telling.message("house", given, LETTER))
    with pytest.raises(telling.NotTold, match="the webhook: "):
        await telling.call_webhook("http://127.0.0.1:1/", SECRET, "house", LETTER)


def settings(data: Path, post: MailServer, webhook: Webhook) -> Settings:
    (data / "secrets/given").mkdir(parents=True)
    (data / "secrets/given/alarms-webhook").write_text(SECRET)
    address: str = webhook.address  # type: ignore[attr-defined]
    (data / "numero-nero.toml").write_text(
        f"""
        [alarms]
        webhook = "{address}"
        [alarms.mail]
        server = "{post.address}"
        security = "none"
        sender = "nero@example.it"
        to = ["a@example.it"]
        """
    )
    return load(data, environment={})


async def test_what_one_way_does_not_take_is_tried_again_and_survives_a_restart(
    tmp_path: Path, post: MailServer, webhook: Webhook
) -> None:
    given, wrong = settings(tmp_path, post, webhook), {"calls": ""}

    async def look() -> dict[str, str]:
        return dict(wrong)

    webhook.status = 500
    one = Watch(tmp_path, look, ways(given), RULES)
    await one.turn()
    assert book.read(tmp_path) == Book(), "all is well: nothing is written"
    wrong["calls"] = "nobody is ready"
    await one.turn()
    await one.tell(0)
    assert len(post.taken) == 1 and webhook.taken == []
    assert [letter.way for letter in book.read(tmp_path).letters] == ["webhook"]
    webhook.status = 204
    await one.tell(5)
    assert webhook.taken == [], "not at once"
    again = Watch(tmp_path, look, ways(given), RULES)  # the one before was killed
    await again.tell(0)
    [told] = webhook.taken
    assert told["notices"] == [told["notices"][0] | {"kind": "raised", "name": "calls", "detail": "nobody is ready"}]
    assert book.read(tmp_path).letters == [] and list(book.read(tmp_path).told()) == ["calls"]
    wrong["calls"] = ""
    await again.turn()
    await again.turn()
    await again.tell(0)
    assert [one["notices"][0]["kind"] for one in webhook.taken] == ["raised", "over"] and len(post.taken) == 2
    assert book.read(tmp_path) == Book()


async def test_nothing_is_told_while_all_is_being_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"calls": "no controller is known"}

    async def look() -> dict[str, str]:
        return dict(wrong)

    one = Watch(tmp_path, look, {}, Rules(0.3, 0, 3600))
    await one.turn()
    await asyncio.sleep(0.3)
    await one.turn()
    assert book.read(tmp_path).told() == {}
    monkeypatch.setattr("ivr.watching.watch.GRACE", 0.0)
    await one.turn()
    assert list(book.read(tmp_path).told()) == ["calls"], "at once: it was seen before"


async def test_a_look_that_fails_does_not_end_the_watch(tmp_path: Path) -> None:
    async def look() -> dict[str, str]:
        raise RuntimeError("a mistake")

    running = asyncio.create_task(Watch(tmp_path, look, {}, RULES).run())
    await asyncio.sleep(0.05)
    assert not running.done()
    running.cancel()


async def test_the_command_shows_whether_it_arrives(
    tmp_path: Path,
    post: MailServer,
    webhook: Webhook,
    ivr: Ivr,  # noqa: F811
) -> None:
    settings(tmp_path, post, webhook)

    async def run(*arguments: str) -> tuple[int, Any]:
        done = await asyncio.to_thread(ivr, "alarms", *arguments, "--data", tmp_path, "--json")
        return done.status, json.loads(done.out)

    took = [{"way": "mail", "result": "taken"}, {"way": "webhook", "result": "taken"}]
    assert await run("test") == (0, took)
    assert len(post.taken) == len(webhook.taken) == 1 and webhook.taken[0]["notices"][0]["name"] == "test"
    (tmp_path / "secrets/given/alarms-webhook").unlink()
    status, [mailed, called] = await run("test")
    assert status == 1 and mailed == took[0] and "alarms-webhook is missing" in called["result"]
    assert await run("list") == (0, [])
    book.write(tmp_path, Book({"disk": Alarm(1_800_000_000.0, 1.0, "full", 2.0), "web": Alarm(1.0, 1.0, "?")}))
    status, [row] = await run("list")
    assert (status, row["alarm"], row["since"]) == (1, "disk", "2027-01-15 08:00:00+00:00"), "who was told of nothing"
