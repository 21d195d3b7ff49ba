"""Several Asterisks, reached by TLS alone: it ends at Kamailio, and sound is encrypted to the Asterisk itself."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession, encode_basic_auth
from sqlalchemy import select

from asterisk_conf import tree
from asterisk_conf.render import ARI_USER
from ivr.calls import phones
from ivr.cli.desk import account_of
from ivr.cli.installation import secret
from ivr.phone.phone import Phone
from ivr.store.database import Database
from ivr.store.schema import Call, Controller
from tests.live.conftest import Installation
from tests.live.sound import tone
from tests.live.takeover.citizen import citizen, longest
from tests.live.test_several_asterisks import ANNA, NUMBER, two_asterisks
from tests.sip import LOOPBACK, Agent


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder, tls = tmp_path_factory.mktemp("house"), {"SIP__TLS": "only", "SIP__SRTP": "required"}
    with two_asterisks(folder, {ANNA: "Anna"}, **tls) as one:
        yield one


def trusting(house: Installation) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(house.settings.secrets / "sip-certificate.pem"))


async def test_a_citizen_and_an_operator_speak_encrypted_whichever_asterisk_has_the_call(
    house: Installation, tmp_path: Path
) -> None:
    settings = house.settings
    own = replace(account_of(settings, ANNA), port=settings.ports.sips, encrypted=True)
    said = tone(tmp_path / "anna.wav", 440.0, 120)
    async with AsyncExitStack() as stack:
        anna = await stack.enter_async_context(Phone(tree.ensure(print), own, folder=tmp_path / "anna", talk=said))
        await anna.registered(within=10)
        house.ivr("operators", "state", ANNA, "ready")
        callers = [
            await stack.enter_async_context(citizen(house, tmp_path, f"+39047100060{number}", encrypted=True))
            for number in range(2)
        ]
        for one in callers:
            await one.dial()
            await anna.wait_for("INCOMING", within=15)
            await anna.answer()
            await one.noted("connected")
            await asyncio.sleep(2)
            await anna.hangup()
            assert (await one.over()).fields["operator"] == ANNA
            await one.phone.wait_for("CLOSED", within=10)
            assert longest(one.phone.heard, 440.0) > 1.0 and longest(anna.heard, 1000.0) > 1.0
        house.ivr("operators", "state", ANNA, "signed-out")
    with Database(settings.database_url).read() as session:
        numbers = [one.number for one in callers]
        query = select(Controller.asterisk).join(Call, Call.controller == Controller.id).where(Call.caller.in_(numbers))
        assert sorted(session.scalars(query)) == ["asterisk", "asterisk-2"]
    assert [one["state"] for one in house.ivr("doctor", ok=False) if one["check"].startswith("kamailio")] == ["ok"] * 5
    await asyncio.to_thread(house.quiet, 20)


def test_without_tls_nobody_is_there(house: Installation) -> None:
    settings = house.settings
    with Agent(settings.ports.sip) as plain, pytest.raises((TimeoutError, ConnectionError)):
        plain.ask("OPTIONS", NUMBER, within=1.5)
    with pytest.raises(ssl.SSLCertVerificationError):  # our own vouches for itself alone
        Agent(settings.ports.sips, tls=ssl.create_default_context()).__enter__()


def test_sound_that_is_not_encrypted_is_refused(house: Installation) -> None:
    settings = house.settings
    with Agent(settings.ports.sips, tls=trusting(house)) as trunk:
        assert trunk.ask("OPTIONS", NUMBER).status == 200
        assert [trunk.ask("INVITE", NUMBER, body=trunk.sdp()).status for _ in range(2)] == [488, 488]
    password = phones.password(secret(settings, "phones"), ANNA)
    with Agent(settings.ports.sips, phones.account(ANNA), password=password, tls=trusting(house)) as operator:
        assert operator.ask("INVITE", "*1", body=operator.sdp()).status == 488


async def test_a_call_to_the_outside_goes_over_tls(house: Installation) -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def carrier(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*(house.settings.secrets / name for name in ("sip-certificate.pem", "sip-key.pem")))
    account = {"Authorization": encode_basic_auth(ARI_USER, secret(house.settings, "asterisk"))}
    async with (
        await asyncio.start_server(carrier, LOOPBACK, 0, ssl=context) as server,
        ClientSession(headers=account) as session,
    ):
        at = "{}:{}".format(*server.sockets[0].getsockname())
        to = f"PJSIP/outside/sip:+390699999901@{at};transport=tls"
        query = {"endpoint": to, "app": "ivr-controller-2", "timeout": "2"}
        address = f"http://{LOOPBACK}:{house.settings.ports_of(2).ari}/ari/channels"
        async with session.post(address, params=query) as told:
            assert told.status == 200
        async with asyncio.timeout(5):
            told_ = await heard
    assert told_.startswith(b"INVITE sip:+390699999901@")
