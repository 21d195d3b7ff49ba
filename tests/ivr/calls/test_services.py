"""Web services that flows ask, against a real server on loopback: whatever it does, the answer is bounded."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from ivr.calls.services import Services
from ivr.flow import words


async def _state(request: web.Request) -> web.Response:
    return web.json_response({"state": "paid", "key": request.headers.get("X-Key"), "sent": await request.text()})


async def _huge(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1024):  # a gigabyte, if somebody reads it
        await response.write(b"x" * (1 << 20))
    return response


async def _slow(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(60):
        await response.write(b"x")
        await asyncio.sleep(1)
    return response


async def _away(request: web.Request) -> web.Response:
    raise web.HTTPFound("/state")


@pytest.fixture
async def server() -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(
        [
            web.route("*", "/state", _state),
            web.get("/huge", _huge),
            web.get("/slow", _slow),
            web.get("/away", _away),
            web.get("/text", lambda _: _answer(text="hello")),
            web.get("/deep", lambda _: _answer(text="[" * 8000)),
            web.get("/bytes", lambda _: _answer(body=b"\xff\xfe\x00")),
            web.get("/empty", lambda _: _answer(status=204)),
            web.get("/gone", lambda _: _answer(status=404, text="no")),
            web.get("/packed", lambda _: _answer(body=b"x", headers={"Content-Encoding": "gzip"})),
        ]
    )
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"{host}:{port}"
    await runner.cleanup()


async def ask(
    host: str,
    path: str,
    *,
    allow: list[str] | None = None,
    private: list[str] | None = None,
    within: float = 1.0,
    **more: object,
) -> words.HttpReply:
    def secret(name: str) -> str:
        return {"key": "sesame"}[name]

    services = Services([host] if allow is None else allow, [host] if private is None else private, secret)
    try:
        asked = words.Http(7, str(more.pop("method", "GET")), f"http://{host}{path}", within, **more)  # type: ignore[arg-type]
        return await services.ask(asked)
    finally:
        await services.close()


async def test_json_is_taken_and_sent_with_the_secret_header(server: str) -> None:
    reply = await ask(server, "/state", method="POST", json={"a": 1}, secret_headers={"X-Key": "key"})
    assert reply == words.HttpReply(7, 200, {"state": "paid", "key": "sesame", "sent": '{"a":1}'})


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/text", 200, "hello"), ("/bytes", 200, "\ufffd\ufffd\x00"), ("/empty", 204, None), ("/gone", 404, "no")],
)
async def test_other_answers_are_text(server: str, path: str, status: int, body: str | None) -> None:
    reply = await ask(server, path)
    assert (reply.status, reply.body) == (status, body)


async def test_deep_json_breaks_nothing(server: str) -> None:
    assert (await ask(server, "/deep")).status == 200


async def test_what_is_packed_is_not_unpacked(server: str) -> None:
    assert (await ask(server, "/packed")).body == "x"


async def test_a_redirect_is_not_followed(server: str) -> None:
    assert (await ask(server, "/away")).status == 302


async def test_a_huge_answer_is_cut_off_and_takes_no_memory(server: str) -> None:
    tracemalloc.start()
    reply = await ask(server, "/huge", within=5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (reply.status, reply.problem) == (0, "too large")
    assert most < 20 << 20


async def test_a_byte_a_second_ends_with_the_time_out(server: str) -> None:
    begun = time.monotonic()
    assert (await ask(server, "/slow", within=0.5)).problem == "timeout"
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("allow", "private", "problem"),
    [
        ([], None, "refused"),  # not on the list
        (["example.test"], None, "refused"),  # another one is
        (None, [], "refused"),  # 127.0.0.1 is not public, and nobody said that it is meant
    ],
)
async def test_what_the_settings_do_not_allow_is_not_asked(
    server: str, allow: list[str] | None, private: list[str] | None, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await ask(server, "/state", allow=allow, private=private)
    assert (reply.status, reply.problem) == (0, problem)
    assert "settings" in caplog.text


async def test_a_name_that_leads_to_a_private_address_is_refused(server: str) -> None:
    port = server.partition(":")[2]
    host = f"localhost:{port}"
    assert (await ask(host, "/state", private=[])).problem == "refused"
    assert (await ask(host, "/state")).status == 200


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "192.168.1.1", "[fe80::1]"]
)
async def test_addresses_within_the_house_are_refused(address: str) -> None:
    host = address.strip("[]")
    assert (await ask(address, "/", allow=[host], private=[])).problem == "refused"


async def test_a_secret_that_is_not_there_and_a_server_that_is_not_there(server: str) -> None:
    assert (await ask(server, "/state", secret_headers={"X": "other"})).problem == "refused"
    assert (await ask("127.0.0.1:9", "/")).problem == "unreachable"


async def _answer(**what: object) -> web.Response:
    return web.Response(**what)  # type: ignore[arg-type]
