"""Two real Asterisks behind a real Kamailio, a controller on each; callers and operators on real SIP phones."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector, encode_basic_auth
from sqlalchemy import select

from asterisk_conf import tree
from asterisk_conf.render import ARI_USER, HEADER
from ivr.calls import phones
from ivr.cli.desk import account_of
from ivr.cli.installation import read_note, secret
from ivr.phone.phone import Phone
from ivr.store import calls
from ivr.store.database import Database
from ivr.store.schema import Call, Controller, JourneyEntry, Recording, Ticket
from tests.live.conftest import OPEN, Installation
from tests.live.sound import tone
from tests.live.takeover.citizen import Citizen, citizen, longest
from tests.sip import LOOPBACK, Agent, Listener, read

NUMBER, ANNA, BRUNO = "+390600000009", "4271", "4272"
STRANGER = "127.0.0.9"
FLOW = f"""
ivr: 1
languages: [it]
numbers: ["{NUMBER}"]
start: hello
prompts:
  hello: {{notice: recording, it: "La telefonata sarà registrata."}}
  nobody: {{it: "Nessuno."}}
nodes:
  hello: {{play: hello, next: payments}}
  payments:
    queue: {{name: payments, max_wait: 2m}}
    served: end
    timeout: nobody
    full: nobody
    unstaffed: nobody
  nobody: {{play: nobody, next: end}}
  end: {{hangup: normal}}
"""


@contextmanager
def two_asterisks(data: Path, staff: Mapping[str, str], **settings: str) -> Iterator[Installation]:
    """With the line of `FLOW`; `staff`: operators by their codes."""
    flows = data / "designers"
    flows.mkdir()
    (flows / "line.flow.yaml").write_text(FLOW, "utf-8")
    (flows / "queues.yaml").write_text("payments: {ring: 15s, wrap_up: 1s}\n", "utf-8")
    given = {"ASTERISKS__COUNT": "2", "FLOWS__FOLDER": str(flows), "RECORDINGS__SPEECH": "false"}
    one = Installation(data, OPEN, **given, **settings)
    one.start()
    try:
        for code, name in staff.items():
            one.ivr("operators", "add", code, "--name", name, "--languages", "it", "--queues", "all")
        time.sleep(2.5)  # controllers look for new operators each second
        one.until(lambda: [row["state"] for row in one.ivr("asterisks", "show")] == ["active"] * 2)
        yield one
    finally:
        assert one.stop() == 0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """TLS beside what is not encrypted; by TLS alone is `test_several_tls.py`."""
    staff = {ANNA: "Anna", BRUNO: "Bruno"}
    with two_asterisks(tmp_path_factory.mktemp("house"), staff, SIP__TLS="beside", SIP__SRTP="offered") as one:
        yield one


@asynccontextmanager
async def at_work(house: Installation, folder: Path, code: str, hertz: float) -> AsyncIterator[Phone]:
    said = tone(folder / f"{code}.wav", hertz, 120)
    async with Phone(tree.ensure(print), account_of(house.settings, code), folder=folder / code, talk=said) as phone:
        await phone.registered(within=10)
        house.ivr("operators", "state", code, "ready")
        yield phone
        house.ivr("operators", "state", code, "signed-out")


def asterisk_of(one: Citizen) -> str:
    return asterisk_at(one, one.row)


def asterisk_at(one: Citizen, call: Call) -> str:
    with one.store.read() as session:
        return session.get_one(Controller, call.controller).asterisk


async def gone(one: Citizen) -> None:
    """Until the phone knows it: who dials meanwhile has two calls, and waits in vain for the end of the second."""
    await one.phone.hangup()
    await one.phone.wait_for("CLOSED", within=10)


async def talks(one: Citizen, operator: Phone) -> None:
    await operator.wait_for("INCOMING", within=15)
    await operator.answer()
    await one.noted("connected")


async def test_calls_are_spread_and_one_dies_with_its_own_and_who_calls_again_keeps_the_place(
    house: Installation, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        anna = await stack.enter_async_context(at_work(house, tmp_path, ANNA, 440.0))
        bruno = await stack.enter_async_context(at_work(house, tmp_path, BRUNO, 600.0))
        served, cut, waits, later = [
            await stack.enter_async_context(citizen(house, tmp_path, f"+39047100090{number}")) for number in range(4)
        ]
        house.ivr("operators", "state", BRUNO, "paused", "--reason", "test")
        await served.dial()
        await talks(served, anna)
        house.ivr("operators", "state", BRUNO, "ready")
        await cut.dial()
        await talks(cut, bruno)
        house.ivr("operators", "state", BRUNO, "signed-out")  # after this call
        doomed = asterisk_of(cut)
        assert doomed != asterisk_of(served)
        await waits.dial()
        if asterisk_of(waits) != doomed:
            await gone(waits)
            waits = await stack.enter_async_context(citizen(house, tmp_path, "+390471000905"))
            await waits.dial()
        await waits.noted("queue")
        assert asterisk_of(waits) == doomed
        await later.dial()
        await later.noted("queue")
        assert asterisk_of(later) != doomed

        note = read_note(house.settings)
        assert note is not None
        os.kill(({"asterisk": note.asterisk} | note.asterisks)[doomed], signal.SIGKILL)
        first = waits.row
        await gone(waits)
        begun = time.monotonic()
        await waits.dial()
        print(f"who calls again is answered after {time.monotonic() - begun:.2f} s")
        await again_noted(waits, first, "place-kept")
        assert newest(waits).controller == served.row.controller == later.row.controller
        kept = [row.detail for row in journey(waits, newest(waits)) if row.kind == "prompt"]
        assert kept[-1]["prompt"] == "place-kept"

        await bruno.hangup()
        await anna.hangup()
        assert (await served.over()).fields["outcome"] == "served"
        assert longest(served.phone.heard, 440.0) > 4, "who talks on the other hears nothing of it"
        await anna.wait_for("INCOMING", within=15)
        await anna.answer()
        await again_noted(waits, first, "connected")
        assert "connected" not in later.kinds()
        await anna.hangup()
        await talks(later, anna)
        await anna.hangup()
        await later.over()

        async with asyncio.timeout(30):
            while any(row.ended_at is None for row in rows(waits)):  # noqa: ASYNC110 another process's doing
                await asyncio.sleep(0.2)
        assert [row.outcome for row in rows(waits)] == ["failed", "served"]
        ticket = await cut.over()
        assert ticket.fields["operator"] == BRUNO
        with cut.store.read() as session:
            ids = [row.id for row in rows(waits)]
            entries = session.scalars(select(JourneyEntry).where(JourneyEntry.call_id.in_([*ids, cut.row.id]))).all()
            of = {kind: sorted(one.call_id for one in entries if one.kind == kind) for kind in ("cut-off", "ended")}
        assert of["cut-off"] == sorted([first.id, cut.row.id]) and of["ended"] == sorted([*ids, cut.row.id])
        house.until(lambda: tickets(waits, ids) == sorted(ids))
        house.until(lambda: recorded(cut) > 1.0)

        # Started again, it has calls as before, and every operator, wherever their phone has registered.
        house.until(lambda: [row["state"] for row in house.ivr("asterisks", "show")] == ["active"] * 2, within=20)
        await gone(cut)  # its phone knows nothing yet
        for _ in range(2):
            before = newest(cut)
            await cut.phone.dial(NUMBER)
            await anna.wait_for("INCOMING", within=15)
            await anna.answer()
            await again_noted(cut, before, "connected")
            await asyncio.sleep(1.5)
            await anna.hangup()
            await cut.phone.wait_for("CLOSED", within=10)
    places = {asterisk_at(cut, row) for row in rows(cut)[1:]}
    assert places == {"asterisk", "asterisk-2"}
    assert longest(anna.heard, 1000.0) > 1.0 and longest(cut.phone.heard, 440.0) > 1.0
    await asyncio.to_thread(house.quiet, 20)


async def test_who_speaks_encrypted_and_who_does_not_hear_each_other(house: Installation, tmp_path: Path) -> None:
    async with (
        at_work(house, tmp_path, ANNA, 440.0) as anna,
        citizen(house, tmp_path, "+390471000906", encrypted=True) as one,
    ):
        await one.dial()
        await talks(one, anna)
        await asyncio.sleep(2)
        await anna.hangup()
        assert (await one.over()).fields["operator"] == ANNA
        await one.phone.wait_for("CLOSED", within=10)
        assert longest(one.phone.heard, 440.0) > 1.0 and longest(anna.heard, 1000.0) > 1.0


def test_one_that_is_drained_is_given_no_calls(house: Installation) -> None:
    house.ivr("asterisks", "drain", "asterisk-2")
    assert [row["state"] for row in house.ivr("asterisks", "show")] == ["active", "drained"]
    assert "nowhere to go" in house.fails("asterisks", "drain", "asterisk")
    caller = "+390471000701"
    with Agent(house.settings.ports.sip, caller) as one:
        for _ in range(3):
            assert one.ask("INVITE", NUMBER, body=one.sdp()).status == 200
    with Database(house.settings.database_url).read() as session:
        taken = session.scalars(select(Call.controller).where(Call.caller == caller)).all()
    assert taken == ["controller-1"] * 3
    house.ivr("asterisks", "take", "asterisk-2")
    assert [row["state"] for row in house.ivr("asterisks", "show")] == ["active"] * 2


def test_the_doctor_asks_every_asterisk_and_kamailio(house: Installation) -> None:
    def asked() -> dict[str, tuple[str, str, str]]:
        found = house.ivr("doctor", ok=False)
        return {one["check"]: (one["state"], one["found"], one["mend"]) for one in found}

    found = asked()
    assert [one for one in found.values() if one[0] == "problem"] == []
    for check in ("files", "loaded", "codecs"):
        assert {found[f"{name}.{check}"][0] for name in ("asterisk", "asterisk-2")} == {"ok"}
    ports = ("sip", "phones", "sip of asterisk", "sip of asterisk-2", "ari of asterisk-2", "ami of asterisk-2")
    assert all(found[f"ports.{name}"][1].endswith("is ours") for name in ports)
    assert "given to asterisk-2" in found["kamailio.gives.asterisk-2"][1] and found["kamailio.port"][0] == "ok"

    house.ivr("asterisks", "drain", "asterisk-2")
    house.asterisk("module unload codec_g722.so", "asterisk-2")
    try:
        found = asked()
        assert found["asterisk.loaded"][0] == found["asterisk.codecs"][0] == "ok"
        assert found["asterisk-2.codecs"][:2] == ("problem", "calls on asterisk-2 cannot speak G.722")
        assert "asterisk-2.log" in found["asterisk-2.loaded"][2]
        state, told, mend = found["kamailio.gives.asterisk-2"]
        assert state == "ok" and "is drained" in told and "ivr asterisks take asterisk-2" in mend
    finally:
        house.asterisk("module load codec_g722.so", "asterisk-2")
        house.ivr("asterisks", "take", "asterisk-2")


def test_nobody_comes_in_or_out_by_another_way(house: Installation) -> None:
    settings = house.settings
    port, past = settings.ports.sip, settings.ports_of(2).sip
    me = f"<sip:{LOOPBACK}:{port};lr>"
    with Listener() as outside:
        away = f"sip:anybody@{outside.at}"
        with Agent(port, own=STRANGER) as one:
            assert one.ask("INVITE", NUMBER, f"{HEADER}: guessed", body=one.sdp()).status == 403
            assert one.ask("OPTIONS", away, f"Route: {me}").status == 403
        with Agent(port, phones.account(ANNA), STRANGER, "guessed") as one:
            for method, to in (("REGISTER", phones.account(ANNA)), ("INVITE", "*1"), ("INVITE", away)):
                assert one.ask(method, to, body=one.sdp() if method == "INVITE" else "").status == 401
        own = phones.password(secret(settings, "phones"), ANNA)
        with Agent(port, phones.account(ANNA), password=own) as one:
            elsewhere = f"Contact: <sip:{phones.account(ANNA)}@{one.at};alias={outside.at.replace(':', '~')}~1>"
            assert one.ask("REGISTER", phones.account(ANNA), elsewhere).status == 403
            assert one.ask("REGISTER", phones.account(ANNA), f"Contact: <{away}>").status == 200
            house.ivr("operators", "state", ANNA, "ready")
            asked = one.receive(10)
            assert asked.start.startswith(f"OPTIONS {away} "), "the address that it came from, whatever it says"
            house.until(lambda: standing(house) == "unreachable")  # it does not answer, whichever Asterisk is asked
            house.ivr("operators", "state", ANNA, "signed-out")
        with Agent(past) as one:  # as the trunk, without Kamailio
            assert one.ask("INVITE", NUMBER, body=one.sdp()).status == 401
        with Agent(port) as one:
            assert one.ask("INVITE", away, f"Route: {me}, <sip:{outside.at};lr>", body=one.sdp()).status == 200
            one.send(one.text("BYE", away, f"Route: {me}", call="a", to_tag=";tag=b"))
            while (told := one.receive(5)).headers["call-id"] != "a":
                pass
            assert told.status == 403
        assert outside.heard(2.0) == []
    house.quiet(20)


async def test_a_call_to_the_outside_goes_through_kamailio(house: Installation) -> None:
    settings = house.settings
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.bind((LOOPBACK, 0))
        outside.settimeout(5)
        to = f"sip:+390612345678@{LOOPBACK}:{outside.getsockname()[1]}"
        query = {"endpoint": f"PJSIP/outside/{to}", "app": "ivr-controller-2", "timeout": "2"}
        account = {"Authorization": encode_basic_auth(ARI_USER, secret(settings, "asterisk"))}
        async with ClientSession(headers=account) as session:
            address = f"http://{LOOPBACK}:{settings.ports_of(2).ari}/ari/channels"
            async with session.post(address, params=query) as told:
                assert told.status == 200
        heard = read(await asyncio.to_thread(outside.recv, 65536))
    assert heard.start == f"INVITE {to} SIP/2.0"
    assert heard.headers["record-route"].startswith(f"<sip:{LOOPBACK}:{settings.ports.sip};")


async def test_a_phone_in_a_browser_registers_and_is_reached_through_kamailio(house: Installation) -> None:
    settings, name = house.settings, phones.browser_account(ANNA)
    password = phones.browser_password(secret(settings, "phones"), ANNA, phones.period(time.time()))
    agent, to = Agent(settings.ports.sip, name, password=password), f"sip:{name}@{LOOPBACK}"
    source = TCPConnector(local_addr=("127.0.0.80", 0))  # as our web server comes
    async with (
        ClientSession(connector=source) as session,
        session.ws_connect(f"http://127.0.0.1:{settings.ports.phones}/ws", protocols=("sip",)) as browser,
        asyncio.timeout(20),
    ):
        assert browser.protocol == "sip"
        proof: list[str] = []
        for number in (1, 2):
            lines = [
                f"REGISTER {to} SIP/2.0", f"Via: SIP/2.0/WS x.invalid;branch=z9hG4bK{number}", "Max-Forwards: 70",
                f"From: <{to}>;tag=1", f"To: <{to}>", "Call-ID: browser", f"CSeq: {number} REGISTER",
                f"Contact: <sip:{name}@x.invalid;transport=ws>", "Expires: 60", *proof, "Content-Length: 0", "", "",
            ]  # fmt: skip
            await browser.send_str("\r\n".join(lines))
            while not (told := read((await browser.receive_str()).encode())).status:
                pass
            if number == 1:
                assert told.status == 401
                proof = [agent._proof("REGISTER", to, told.headers["www-authenticate"])]
        assert told.status == 200
        asked: set[str] = set()
        while len(asked) < 2:  # each Asterisk, by the same way
            told = read((await browser.receive_str()).encode())
            if told.start == f"OPTIONS sip:{name}@x.invalid;transport=ws SIP/2.0":
                asked.add(told.headers["contact"])


def standing(house: Installation) -> str:
    return next(row["state"] for row in house.status()["operators"] if row["code"] == ANNA)


def rows(one: Citizen) -> list[Call]:
    """All calls of this number, in order."""
    with one.store.read() as session:
        found = list(session.scalars(select(Call).where(Call.caller == one.number).order_by(Call.started_at)))
        session.expunge_all()
        return found


def newest(one: Citizen) -> Call:
    return rows(one)[-1]


def journey(one: Citizen, call: Call) -> list[JourneyEntry]:
    with one.store.read() as session:
        return calls.journey(session, call.id)


async def again_noted(one: Citizen, first: Call, kind: str) -> None:
    """In the call after the first."""
    async with asyncio.timeout(15):
        while newest(one).id == first.id or kind not in [row.kind for row in journey(one, newest(one))]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def tickets(one: Citizen, ids: list[str]) -> list[str]:
    with one.store.read() as session:
        return sorted(session.scalars(select(Ticket.call_id).where(Ticket.call_id.in_(ids))))


def recorded(one: Citizen) -> float:
    with one.store.read() as session:
        found = session.scalars(select(Recording.seconds).where(Recording.call_id == one.row.id)).all()
    assert len(found) < 2
    return found[0] if found else 0.0
