"""The phone in the page: a real Chromium with a microphone, our server, a real Asterisk, a robot phone that calls."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import soundfile
from aiohttp.test_utils import TestServer

from asterisk_conf import tree
from ivr.calls import phones
from ivr.phone.phone import Account, Phone
from ivr.store.database import Database
from tests.asterisk import Asterisk
from tests.browser import LISTEN, chromium, microphone
from tests.ivr.ari.conftest import line
from tests.ivr.web.conftest import PHONE_SECRET, Site, make
from tests.live.sound import RATE, beeps, power

pytestmark = pytest.mark.asyncio(loop_scope="session")
DIALPLAN = """
[citizens](+)
exten => 4271,1,Dial(PJSIP/web-4271,20)
"""


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    one = Asterisk(tmp_path_factory.mktemp("asterisk"), DIALPLAN, modules=("app_dial",))
    one.start()
    yield one
    one.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(asterisk: Asterisk, database: Database, users: None, tmp_path: Path, flows: Path) -> AsyncIterator[Site]:
    """The page of operator 4271, signed in, in a browser whose microphone beeps at 640 Hz."""
    async with line(asterisk.ports.ari) as controller:
        await controller.up()
        period = phones.period(time.time())
        await phones.put(controller.ari, "web-4271", phones.browser_phone("4271", PHONE_SECRET, period, "127.0.0.1"))
    sound = beeps(tmp_path / "operator.wav", 640, rate=48000)
    async with (
        TestServer(make(tmp_path, database, flows, asterisk.ports.base)) as server,
        chromium(*microphone(sound)) as browser,
    ):
        site = Site(await browser.new_page(), str(server.make_url("")).rstrip("/"))
        await site.open("/sign-in")
        yield site


# The page's phone by itself.
PHONE = """async () => {
  const { Phone } = await import("/static/desk/phone.js");
  window.phone = new Phone();
  window.problems = [];
  phone.addEventListener("problem", ({ detail }) => problems.push(detail));
  await phone.start();
}"""


async def test_caller_and_browser_hear_each_other_and_a_browser_that_is_gone_is_noticed(
    desk: Site, asterisk: Asterisk, tmp_path: Path
) -> None:
    await desk.sign_in("operator")
    await desk.page.evaluate(PHONE)
    await desk.until("phone.state === 'here'", within=10)
    account = Account(user="+390612345678", host="127.0.0.1", port=asterisk.ports.sip)
    talk = beeps(tmp_path / "citizen.wav", 1000)
    async with Phone(tree.ensure(print), account, folder=tmp_path / "phone", talk=talk) as citizen:
        await citizen.dial("4271")
        await desk.until("phone.state === 'ringing'", within=30)
        await desk.page.evaluate("phone.answer()")
        await citizen.wait_for("ESTABLISHED", within=10)
        await desk.until("phone.sound.srcObject !== null", within=10)
        await desk.page.evaluate(f"({LISTEN})(phone.sound.srcObject)")
        await desk.until("heard.level > -40", within=30)
        await asyncio.sleep(3)
        heard = await desk.page.evaluate("heard")
        await desk.page.evaluate("phone.hangUp()")
        await citizen.wait_for("CLOSED", within=5)
        samples, _ = soundfile.read(citizen.heard)
    assert abs(heard["hertz"] - 1000) < 15, "the page hears the caller"
    assert power(samples[RATE:], 640) > 0.8, "the caller hears the operator"
    assert await desk.page.evaluate("problems") == []

    await desk.page.close(run_before_unload=False)
    for _ in range(25):
        if "web-4271" not in asterisk.command("pjsip show contacts"):
            break
        await asyncio.sleep(0.2)
    else:
        raise AssertionError("the phone of a closed page is still known after 5 s")


async def test_who_speaks_sip_through_us_cannot_pass_for_the_carrier(desk: Site, asterisk: Asterisk) -> None:
    host = desk.address.removeprefix("http://")
    invite = (
        "INVITE sip:+390600000001@numero-nero.invalid SIP/2.0",
        "Via: SIP/2.0/WS x.invalid;branch=z9hG4bK1",
        "Max-Forwards: 70",
        "From: <sip:+390612345678@x.invalid>;tag=1",
        "To: <sip:+390600000001@numero-nero.invalid>",
        "Contact: <sip:x@x.invalid;transport=ws>",
        "Call-ID: impostor",
        "CSeq: 1 INVITE",
        "Content-Length: 0",
    )
    cookies = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=cookies) as session:
        form = {"name": "operator", "password": "operator-password"}
        await session.post(f"{desk.address}/sign-in", data=form)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{desk.address}/desk/sip", protocols=("sip",), origin="http://elsewhere.example")
        assert refused.value.status == 400
        async with session.ws_connect(f"{desk.address}/desk/sip", protocols=("sip",), origin=f"http://{host}") as sip:
            await sip.send_str("\r\n".join((*invite, "", "")))
            answer = await sip.receive_str(timeout=5)
    assert answer.startswith("SIP/2.0 401"), "from the carrier it would have been taken"
    assert "0 active calls" in asterisk.command("core show channels count")
