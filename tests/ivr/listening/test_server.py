"""What Asterisk would send and get, over a real connection."""

import asyncio
import struct
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress

import numpy as np
import pytest

from anonymizer.live import Live
from anonymizer.profiles import PROFILES
from anonymizer.voice import Voice
from ivr.listening import audiosocket, ears
from ivr.listening.server import MOST, Server
from tests.anonymizer.conftest import CITIZEN, OPERATOR, key, spoken

RATE = audiosocket.RATE
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with await Server(PROFILES["clear"]).serve("127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def connect(port: int, listening: bytes, place: ears.Place) -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    content = uuid.UUID(ears.address(listening, place)).bytes
    writer.write(struct.pack(">BH", audiosocket.UUID, len(content)) + content)
    return reader, writer


async def say(streams: Streams, samples: np.ndarray) -> None:
    """In the time that it takes."""
    sound = (samples * 32767).astype("<i2")
    begun = time.monotonic()
    for at in range(0, len(sound), 160):
        streams[1].write(audiosocket.sound(sound[at : at + 160].tobytes()))
        await asyncio.sleep(begun + at / RATE - time.monotonic())


async def hear(streams: Streams, seconds: float) -> np.ndarray:
    frames = []
    for _ in range(int(seconds / audiosocket.FRAME)):
        kind, content = await audiosocket.receive(streams[0])
        assert kind == audiosocket.SOUND and len(content) == 320
        frames.append(np.frombuffer(content, "<i2") / 32768)
    return np.concatenate(frames)


def likeness(heard: np.ndarray, said: np.ndarray) -> float:
    """1: it is in there as it was."""
    size = 1 << (len(heard) + len(said)).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)[: len(heard)]
    place = int(np.argmax(product))
    piece = heard[place : place + len(said)]
    return float(product[place] / (np.linalg.norm(piece) * np.linalg.norm(said) + 1e-9))


def loudness(samples: np.ndarray) -> np.ndarray:
    """In steps of 20 ms, around its mean."""
    power = np.sqrt(np.square(samples[: len(samples) // 160 * 160].reshape(-1, 160)).mean(axis=1))
    return power - power.mean()


async def test_both_directions_are_heard_by_the_supervisor_and_neither_as_it_is(port: int) -> None:
    listening = ears.new()
    operator, others = await connect(port, listening, "operator"), await connect(port, listening, "others")
    supervisor = await connect(port, listening, "supervisor")
    said, answered = spoken(OPERATOR[1:]), spoken(CITIZEN[:1])
    silence = np.zeros(len(said), np.float32)
    _, _, heard = await asyncio.gather(
        say(operator, np.concatenate([said, silence, silence])),
        say(others, np.concatenate([silence, answered, silence])),
        hear(supervisor, (len(said) + len(answered)) / RATE + 3),
    )
    for one in (said, answered):
        assert likeness(heard, one) < 0.5, "not the voice"
        assert likeness(loudness(heard), loudness(one)) > 0.4, "but all that it said"
    for _, writer in (operator, others, supervisor):
        writer.close()


async def test_a_voice_that_fails_is_silent(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(Voice, "change", fail)
    listening = ears.new()
    operator, supervisor = await connect(port, listening, "operator"), await connect(port, listening, "supervisor")
    talking = asyncio.create_task(say(operator, spoken(OPERATOR[1:])))
    heard = await hear(supervisor, 2.0)
    assert not heard.any()
    async with asyncio.timeout(10):
        with suppress(ConnectionError):  # the end of it, which Asterisk hears of
            assert await operator[0].read() == b""
    talking.cancel()


@pytest.mark.parametrize("content", [b"", b"short", bytes(15) + b"\x07"])
async def test_who_is_not_of_ours_is_let_go(port: int, content: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(struct.pack(">BH", audiosocket.UUID, len(content)) + content)
    async with asyncio.timeout(5):
        assert await reader.read() == b""


async def test_no_more_than_so_many_at_once(port: int) -> None:
    held = [await connect(port, ears.new(), "operator") for _ in range(MOST)]
    await asyncio.sleep(0.2)
    reader, _ = await connect(port, ears.new(), "operator")
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    for _, writer in held:
        writer.close()


def test_a_key_is_not_heard() -> None:
    pressed, silence = key((1, 1), 0.2), np.zeros(RATE // 2, np.float32)
    out: list[np.ndarray | None] = []
    live = Live(PROFILES["clear"], RATE, out.append)
    for _ in range(3):
        live.give(np.concatenate([silence, pressed, silence]))
    live.end()
    deadline = time.monotonic() + 20
    while (not out or out[-1] is not None) and time.monotonic() < deadline:
        time.sleep(0.05)
    heard = np.concatenate([one for one in out if one is not None])
    spectrum = np.abs(np.fft.rfft(heard)) / len(heard)
    hertz = np.fft.rfftfreq(len(heard), 1 / RATE)
    assert len(heard) == 3 * (len(pressed) + 2 * len(silence))
    for tone in (770, 1336):
        assert spectrum[np.abs(hertz - tone) < 5].max() < 0.002
