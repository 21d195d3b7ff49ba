"""What the connection makes of a peer that is silent, late, talks nonsense, or goes away."""

import asyncio
import itertools
import json
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from ivr import metrics
from ivr.ari import connection, events
from ivr.ari.client import Ari
from ivr.ari.errors import AriError, Disconnected, TooLate
from tests.ivr.ari.conftest import answer, line, peer


def key(digit: str) -> str:
    return json.dumps({"type": "ChannelDtmfReceived", "digit": digit, "channel": {"id": "1"}})


async def silent(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass


async def echo(socket: web.WebSocketResponse) -> None:
    """Answers each command with its own path."""
    async for message in socket:
        request = message.json()
        await socket.send_str(answer(request, request["uri"]))


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands have 0.2 s, not five."""
    monkeypatch.setattr(connection, "DEADLINE", 0.2)
    monkeypatch.setattr(connection, "WATCH", 0.05)


@pytest.mark.usefixtures("hurry")
async def test_silence_ends_with_the_deadline_and_the_line_stays_up() -> None:
    async with peer(silent) as (port, _), line(port) as one:
        await one.up()
        begun = time.monotonic()
        with pytest.raises(TooLate, match=r"GET asterisk/info: no answer within 0\.2 s"):
            await one.connection.command("GET", ("asterisk", "info"))
        assert 0.2 <= time.monotonic() - begun < 2
        assert one.connection.up and one.downs == 0


@pytest.mark.usefixtures("hurry")
async def test_an_answer_that_comes_too_late_is_nobodys() -> None:
    async def late(socket: web.WebSocketResponse) -> None:
        first = json.loads(await socket.receive_str())
        second = json.loads(await socket.receive_str())
        await socket.send_str(answer(first, "first"))
        await socket.send_str(answer(second, "second"))
        await socket.receive()

    async with peer(late) as (port, _), line(port) as one:
        await one.up()
        with pytest.raises(TooLate):
            await one.connection.command("GET", ("a",))
        assert events.body(await one.connection.command("GET", ("b",))) == "second"


async def test_answers_find_their_commands_in_any_order() -> None:
    async def reverse(socket: web.WebSocketResponse) -> None:
        requests = [json.loads(await socket.receive_str()) for _ in range(20)]
        for request in reversed(requests):
            await socket.send_str(answer(request, request["uri"]))
        await socket.receive()

    async with peer(reverse) as (port, _), line(port) as one:
        await one.up()
        answers = await asyncio.gather(*(one.connection.command("GET", (str(n),)) for n in range(20)))
        assert [events.body(told) for told in answers] == [str(n) for n in range(20)]


async def test_commands_in_flight_when_the_socket_drops_end_at_once_and_the_line_comes_back() -> None:
    async def drop_after_three(socket: web.WebSocketResponse) -> None:
        for _ in range(3):
            await socket.receive()

    async with peer(drop_after_three) as (port, _), line(port) as one:
        await one.up()
        commands = [one.connection.command("POST", ("channels", str(n))) for n in range(3)]
        begun = time.monotonic()
        ended = await asyncio.gather(*commands, return_exceptions=True)
        assert [type(error) for error in ended] == [Disconnected] * 3
        assert time.monotonic() - begun < connection.DEADLINE / 2
        assert one.downs == 1
        await one.up()
        assert one.connection.up


async def test_a_command_without_a_connection_is_refused_at_once() -> None:
    async with line(1) as one:
        with pytest.raises(Disconnected, match="POST channels/1/answer: no connection to Asterisk"):
            await one.ari.answer("1")


NONSENSE = (
    "",
    "no json",
    "[]",
    "{}",
    '{"type": 5}',
    '{"type": "SomethingNewInAsterisk23", "channel": 7}',
    '{"type": "ChannelDtmfReceived"}',
    '{"type": "ChannelDtmfReceived", "digit": "1", "channel": {"id": 5}}',
    '{"type": "RESTResponse"}',
    answer({"request_id": "never asked"}),
    answer({"request_id": "1"})[:-1],
)


async def test_nonsense_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    async def babble(socket: web.WebSocketResponse) -> None:
        for text in NONSENSE:
            await socket.send_str(text)
        await socket.send_bytes(b"\x00\xff")
        await socket.send_str(key("1"))
        await echo(socket)

    async with peer(babble) as (port, _), line(port) as one:
        assert (await one.event(events.ChannelDtmfReceived)).digit == "1"
        assert one.events.empty()
        assert events.body(await one.connection.command("GET", ("still-there",))) == "still-there"
        assert one.downs == 0
    assert "asterisk sent a message that cannot be read" in caplog.text


async def test_an_event_that_cannot_be_dealt_with_does_not_end_the_connection() -> None:
    async def three(socket: web.WebSocketResponse) -> None:
        for digit in "123":
            await socket.send_str(key(digit))
        await echo(socket)

    async with peer(three) as (port, _), line(port) as one:
        heard = one.events.put_nowait

        def stumble(event: events.Event) -> None:
            assert isinstance(event, events.ChannelDtmfReceived) and event.digit != "2"
            heard(event)

        one.connection._on_event = stumble
        assert [(await one.event(events.ChannelDtmfReceived)).digit for _ in "13"] == ["1", "3"]
        assert one.downs == 0


async def test_events_come_in_the_order_in_which_they_were_sent() -> None:
    async def many(socket: web.WebSocketResponse) -> None:
        for number in range(1000):
            await socket.send_str(key(str(number)))
        await socket.receive()

    async with peer(many) as (port, _), line(port) as one:
        told = [(await one.event(events.ChannelDtmfReceived)).digit for _ in range(1000)]
        assert told == [str(number) for number in range(1000)]


@pytest.mark.parametrize("letter", ["a", "è"])
async def test_what_asterisk_would_hang_up_on_is_not_sent(letter: str) -> None:
    """Asterisk counts bytes."""
    value = letter * (connection.LARGEST_MESSAGE // len(letter.encode()))
    async with peer(echo) as (port, _), line(port) as one:
        await one.up()
        with pytest.raises(AriError, match=r"413 the command is 60[0-9]{3} bytes long"):
            await one.ari.set_variable("1", "X", value)
        assert events.body(await one.connection.command("GET", ("next",))) == "next"


async def test_it_tries_again_ever_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that takes us and drops us at once is no better than none."""
    monkeypatch.setattr(connection, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(connection, "LONGEST_DELAY", 0.3)

    async def drop(socket: web.WebSocketResponse) -> None:
        pass

    async def ask(ari: Ari) -> None:
        await ari.version()

    async with peer(drop) as (port, one), line(port, greet=ask):
        async with asyncio.timeout(10):
            times = [await one.times.get() for _ in range(8)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    for number, gap in enumerate(gaps):
        assert gap >= min(0.02 * 2**number, 0.3) / 2 - 0.005, gaps


async def test_first_commands_that_fail_are_tried_on_a_new_connection() -> None:
    tries = 0

    async def second_time_lucky(ari: Ari) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("the store is locked")

    async with peer(silent) as (port, other), line(port, greet=second_time_lucky) as one:
        await one.up()
        assert (tries, other.times.qsize(), one.downs) == (2, 2, 1)


@pytest.mark.usefixtures("hurry")
async def test_how_long_commands_take_and_why_they_fail_is_counted() -> None:
    def told() -> dict[str, float]:
        families = text_string_to_metric_families(metrics.figures(metrics.Figures()))
        samples = (sample for family in families for sample in family.samples)
        return {sample.name + sample.labels.get("error", ""): sample.value for sample in samples}

    async def refusing(socket: web.WebSocketResponse) -> None:
        for status in (200, 404, 500):
            await socket.send_str(answer(json.loads(await socket.receive_str()), status=status))
        await silent(socket)

    before = told()
    async with peer(refusing) as (port, _), line(port) as one:
        await one.up()
        await one.connection.command("GET", ("a",))
        for kind in (AriError, AriError, TooLate):
            with pytest.raises(kind):
                await one.connection.command("GET", ("a",))
    with pytest.raises(Disconnected):
        await one.connection.command("GET", ("a",))
    grown = {name: value - before.get(name, 0.0) for name, value in told().items()}
    assert grown["numero_nero_command_seconds_count"] == 4
    assert 0.2 <= grown["numero_nero_command_seconds_sum"] < 2
    failed = {kind: grown.get(f"numero_nero_commands_failed_total{kind}") for kind in ("gone", "refused", "late")}
    assert failed == {"gone": 1, "refused": 1, "late": 1}
    assert grown["numero_nero_commands_failed_totaldisconnected"] == 1


async def test_how_late_events_come_is_measured_by_asterisks_clock() -> None:
    written = datetime.now(UTC) - timedelta(seconds=2)

    async def late(socket: web.WebSocketResponse) -> None:
        at = written.astimezone(timezone(timedelta(hours=1))).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0100"
        for event in (key("1"), json.dumps(json.loads(key("2")) | {"timestamp": at})):
            await socket.send_str(event)
        await silent(socket)

    def total() -> tuple[float, float]:
        [family] = metrics.EVENT_LAG.collect()
        return tuple(one.value for one in family.samples if one.name.endswith(("_count", "_sum")))  # type: ignore[return-value]

    before = total()
    async with peer(late) as (port, _), line(port) as one:
        for digit in "12":
            assert (await one.event(events.ChannelDtmfReceived)).digit == digit
    counted, seconds = (after - was for after, was in zip(total(), before, strict=True))
    assert counted == 1 and 2 <= seconds < 4, "one that says no time is not counted"
