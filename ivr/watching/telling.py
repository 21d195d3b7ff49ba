"""How people are told: an e-mail over SMTP, a signed message to a webhook."""

import asyncio
import smtplib
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage

import aiohttp
import msgspec

from ivr.problem import Problem
from ivr.settings import Mail
from ivr.signed import headers
from ivr.watching.alarms import Notice
from ivr.watching.book import Letter

WITHIN = 15.0  # seconds for a server's answer
_WORDS = {"raised": "ALARM", "still": "STILL", "over": "over"}


class NotTold(Problem):
    """A letter was not taken; the message says by whom and why."""


def subject(house: str, notices: Sequence[Notice]) -> str:
    first, more = notices[0], f" (+{len(notices) - 1})" if len(notices) > 1 else ""
    return f"[Numero Nero {house}] {_WORDS[first.kind]}: {first.name}{more}"


def lines(notices: Sequence[Notice]) -> str:
    return "\n".join(
        f"{_WORDS[one.kind]:<6} {one.name}: {one.detail}\n"
        f"       since {datetime.fromtimestamp(one.since, UTC):%Y-%m-%d %H:%M:%S} UTC, {one.seconds:.0f} s"
        for one in notices
    )


def message(house: str, mail: Mail, letter: Letter) -> EmailMessage:
    """The same letter again has the same Message-ID, by which mail programs know it."""
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = subject(house, letter.notices), mail.sender, ", ".join(mail.to)
    made["Date"], made["Message-ID"] = datetime.fromtimestamp(letter.at, UTC), f"<{letter.id}@numero-nero.invalid>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(f"{lines(letter.notices)}\n\n`ivr alarms list` and `ivr doctor` say more.\n")
    return made


async def send_mail(mail: Mail, password: str, made: EmailMessage) -> None:
    """Raises NotTold."""
    try:
        await asyncio.to_thread(_send, mail, password, made)
    except (OSError, smtplib.SMTPException) as error:
        raise NotTold(f"the mail server {mail.server}: {error}") from error


def _send(mail: Mail, password: str, made: EmailMessage) -> None:
    host, _, port = mail.server.rpartition(":")
    host, trust = host.strip("[]"), ssl.create_default_context()
    if mail.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, int(port), timeout=WITHIN, context=trust)
    else:
        server = smtplib.SMTP(host, int(port), timeout=WITHIN)
    with server:
        if mail.security == "starttls":
            server.starttls(context=trust)
        if mail.user:
            server.login(mail.user, password)
        server.send_message(made)


async def call_webhook(address: str, secret: str, house: str, letter: Letter) -> None:
    """JSON: `id`, `house`, `at`, and `notices` (see `alarms.Notice`). Raises NotTold unless it is answered with 2xx."""
    body = msgspec.json.encode(
        {"id": letter.id, "house": house, "at": datetime.fromtimestamp(letter.at, UTC), "notices": letter.notices}
    )
    sent = headers(secret, time.time(), body) | {"Content-Type": "application/json"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(WITHIN)) as http,
            http.post(address, data=body, headers=sent, allow_redirects=False) as answer,
        ):
            if not 200 <= answer.status < 300:
                raise NotTold(f"the webhook answered {answer.status}")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise NotTold(f"the webhook: {error or type(error).__name__}") from error
