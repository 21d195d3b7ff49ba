"""The phone in an operator's page: what it signs in with, and its SIP, which passes through us to Asterisk.

The browser talks to this server only: one origin, behind the sign-in, encrypted where the pages are.
"""

import asyncio
import time
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType, web

from ivr.calls import phones
from ivr.web.answers import SETTINGS, to_json
from ivr.web.streams import over

PHONE_SECRET = web.AppKey("phone_secret", str)
# We come to Asterisk from an address of our own on loopback, which no trunk has: who speaks through us must be a phone
# that knows its password, and cannot pass for the carrier.
SOURCE = "127.0.0.80"
LONGEST = 32_000  # bytes of a SIP message, as Asterisk takes them
BEAT = 3.0  # seconds; a browser that is gone without a word is noticed after half as much again


async def _phone(request: web.Request) -> web.StreamResponse:
    """`{"account", "password", "sound_at"}` of the operator who asks. The password holds for some hours; `sound_at` is
    Asterisk's address for sound, "" for whatever Asterisk says itself."""
    code, period, listen = request["operator"], phones.period(time.time()), request.app[SETTINGS].sip.listen
    password = phones.browser_password(request.app[PHONE_SECRET], code, period)
    sound_at = "" if listen == phones.ANYWHERE else listen
    return to_json({"account": phones.browser_account(code), "password": password, "sound_at": sound_at})


async def _sip(request: web.Request) -> web.StreamResponse:
    """SIP over WebSocket (RFC 7118), both ways until either end closes."""
    browser = web.WebSocketResponse(protocols=("sip",), heartbeat=BEAT, max_msg_size=LONGEST)
    if not browser.can_prepare(request) or urlsplit(request.headers.get("Origin", "")).netloc != request.host:
        raise web.HTTPBadRequest(text="this is for the phone in the operator's page")
    settings = request.app[SETTINGS]
    address = f"http://127.0.0.1:{settings.ports.phones if settings.proxied else settings.ports.ari}/ws"
    async with ClientSession(connector=TCPConnector(local_addr=(SOURCE, 0))) as session:
        try:
            asterisk = await session.ws_connect(address, protocols=("sip",), max_msg_size=LONGEST)
        except ClientError:
            raise web.HTTPServiceUnavailable(text="Asterisk does not answer; the phone tries again") from None
        async with asterisk:
            await browser.prepare(request)
            works = (_pass(browser, asterisk), _pass(asterisk, browser), over(request))
            ways = {asyncio.create_task(work) for work in works}
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await browser.close()
    return browser


Socket = web.WebSocketResponse | ClientWebSocketResponse


async def _pass(source: Socket, target: Socket) -> None:
    async for message in source:
        if message.type is not WSMsgType.TEXT or target.closed:
            return
        await target.send_str(message.data)


ROUTES = [web.get("/desk/phone", _phone), web.get("/desk/sip", _sip)]
