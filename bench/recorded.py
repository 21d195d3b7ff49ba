"""What is spoken is what is stored: a real call with sound of its own on both sides, compared with the recording.

python -m bench.recorded [MINUTES] [--wideband]        (30 minutes)

Each phone keeps what it said and what it heard. A stretch of noise is found again in each of them and in the recording
to the sample, near the beginning and near the end: the difference is what was lost or put in between. The first and the
last of the other's sound that a phone heard must be on tape as well.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from asterisk_conf import tree
from ivr.acd.commands import SignIn, Stands
from ivr.calls import phones
from ivr.cli.desk import account_of
from ivr.cli.installation import secret
from ivr.link.client import Client
from ivr.phone.phone import Account, Phone
from tests.live.conftest import OPEN, Installation

NUMBER, CITIZEN, OPERATOR = "+390600000009", "+390612345678", "4271"
FLOW = f"""
ivr: 1
languages: [it]
numbers: ["{NUMBER}"]
start: recorded
prompts:
  recorded: {{notice: recording, it: "La telefonata sarà registrata."}}
  nobody: {{it: "Nessuno."}}
nodes:
  recorded: {{play: recorded, next: payments}}
  payments: {{queue: {{name: payments, max_wait: 2m}}, served: end, timeout: end, full: end, unstaffed: nobody}}
  nobody: {{play: nobody, next: end}}
  end: {{hangup: normal}}
"""
SPAN = 4.0  # seconds of noise that are looked for
REACH = 12.0  # seconds around the place where they should be
STEP = 0.005  # seconds; how finely the first and the last sound are found
LOOK, NEAR = 0.04, 0.03  # seconds of it, and how far from where it should be
LEAST = 0.3  # likeness; what is something else has less than 0.1

Samples = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Call:
    """What each phone said and heard, and the two channels of the recording; mono, all at `rate` Hz."""

    rate: int
    caller_said: Samples
    caller_heard: Samples
    operator_said: Samples
    operator_heard: Samples
    left: Samples
    right: Samples


@dataclass(frozen=True)
class Direction:
    """Milliseconds. `drift`: between the beginning and the end of the recording, against what was said. `first`,
    `last`: what the other heard before the recording begins, and after it ends (negative: it is on tape, too).
    `likeness`: of the recorded stretch at the end with what was said, 1 is the same."""

    drift: float
    first: float
    last: float
    likeness: float


class NotFound(Exception):
    """Something that was said is not there."""


def compare(call: Call) -> tuple[Direction, Direction]:
    """(what the caller said, what the operator said). Raises NotFound."""
    return (
        _direction(call.caller_said, call.left, call.operator_heard, call.rate),
        _direction(call.operator_said, call.right, call.caller_heard, call.rate),
    )


def _direction(said: Samples, stored: Samples, heard: Samples, rate: int) -> Direction:
    begin, _ = _shift(said, stored, int(2 * rate), rate, None)
    end, likeness = _shift(said, stored, len(stored) - int((SPAN + 2) * rate), rate, begin)
    midst = len(stored) // 2 + begin
    place, _ = _shift(heard, said, midst, rate, None)
    there = -place
    first, last = _extent(said, stored, begin, end, rate)
    first_heard, last_heard = _extent(said, heard, there, there, rate)
    thousand = 1000 / rate
    return Direction(
        (end - begin) * thousand, (first - first_heard) * thousand, (last_heard - last) * thousand, likeness
    )


def _shift(said: Samples, where: Samples, at: int, rate: int, about: int | None) -> tuple[int, float]:
    """(by how many samples what stands at `at` stands later in what was said, likeness). `about`: where to look, all
    of it when it is None."""
    piece = where[at : at + int(SPAN * rate)]
    first = 0 if about is None else max(at + about - int(REACH * rate), 0)
    last = len(said) if about is None else at + about + int((REACH + SPAN) * rate)
    inside = said[first:last]
    if at < 0 or len(inside) < len(piece):
        raise NotFound("the recording is too short")
    size = 1 << (len(inside) + len(piece)).bit_length()
    product = np.fft.irfft(np.fft.rfft(inside, size) * np.conj(np.fft.rfft(piece, size)), size)[: len(inside)]
    place = int(np.argmax(product))
    if (likeness := _likeness(inside[place : place + len(piece)], piece)) < LEAST:
        raise NotFound(f"what stands at {at / rate:.2f} s was not said (likeness {likeness:.2f})")
    return first + place - at, likeness


def _likeness(one: Samples, other: Samples) -> float:
    length = min(len(one), len(other))
    one, other = one[:length], other[:length]
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-9))


def _extent(said: Samples, where: Samples, begin: int, end: int, rate: int) -> tuple[int, int]:
    """The first and the last sample of what was said that are in it, `begin` and `end` being its shifts there, or near
    there: a phone's first packets may come in a hurry."""
    step, look, near = int(STEP * rate), int(LOOK * rate), int(NEAR * rate)

    def found(at: int, shift: int) -> int | None:
        piece, first = where[at : at + look], at + shift - near
        inside = said[max(first, 0) : max(first, 0) + look + 2 * near]
        if first < 0 or len(inside) < look or np.abs(piece).max() < 0.001:
            return None
        place = int(np.argmax(np.correlate(inside, piece, "valid")))
        return first + place if _likeness(inside[place : place + look], piece) > 0.6 else None

    last = len(where) - look
    begins = (place for at in range(0, last, step) if (place := found(at, begin)) is not None)
    ends = (place for at in range(last, 0, -step) if (place := found(at, end)) is not None)
    first, final = next(begins, None), next(ends, None)
    if first is None or final is None:
        raise NotFound("nothing of what was said is there")
    return first, final + look


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """With one operator."""
    (folder / "flows").mkdir()
    (folder / "flows/talk.flow.yaml").write_text(FLOW, "utf-8")
    (folder / "flows/queues.yaml").write_text("payments: {ring: 20s, wrap_up: 5s}\n", "utf-8")
    (folder / "data").mkdir()
    house = Installation(folder / "data", OPEN, FLOWS__FOLDER=str(folder / "flows"))
    house.start()
    try:
        house.ivr("operators", "add", OPERATOR, "--name", "Anna", "--languages", "it", "--queues", "all")
        yield house
    finally:
        assert house.stop() == 0


def conversation(house: Installation, folder: Path, seconds: float, *, wideband: bool) -> Call:
    """The citizen and the operator speak with each other for so long."""
    before = {row["id"] for row in house.ivr("recordings", "list")}
    heard = asyncio.run(_speak(house, folder, seconds, wideband))
    house.until(lambda: len(house.ivr("recordings", "list")) > len(before), 60)
    (id,) = {row["id"] for row in house.ivr("recordings", "list")} - before
    left, right = house.tape(id).T.astype(np.float32)
    return Call(16000 if wideband else 8000, **heard, left=left, right=right)


async def _speak(house: Installation, folder: Path, seconds: float, wideband: bool) -> dict[str, Samples]:
    settings = house.settings
    accounts = {
        "caller": Account(CITIZEN, settings.sip.listen, settings.ports.sip, wideband=wideband),
        "operator": replace(account_of(settings, OPERATOR), wideband=wideband),
    }
    async with AsyncExitStack() as stack:
        on = {}
        for seed, (name, account) in enumerate(accounts.items()):
            talk = _noise(folder / f"{name}.wav", seconds + 60, account.rate, seed)
            on[name] = Phone(tree.ensure(print), account, folder=folder / name, talk=talk)
            await stack.enter_async_context(on[name])
        await on["operator"].registered(within=20)
        async with Client(f"127.0.0.1:{settings.ports.link_first}", secret(settings, "link")) as link:
            await link.ask(SignIn(OPERATOR, phones.account(OPERATOR), "bench"), Stands)
        await on["caller"].dial(NUMBER)
        await on["operator"].wait_for("INCOMING", within=30)
        await on["operator"].answer()
        await asyncio.sleep(seconds)
        await on["caller"].hangup()
        await on["caller"].wait_for("CLOSED", within=10)
        await asyncio.sleep(1)
        await on["operator"].hangup()
        await on["operator"].wait_for("CLOSED", within=10)
    # What they keep is whole once they have ended.
    return {
        f"{name}_{did}": soundfile.read(file, dtype="float32")[0]
        for name, phone in on.items()
        for did, file in (("said", phone.said), ("heard", phone.heard))
    }


def _noise(path: Path, seconds: float, rate: int, seed: int) -> Path:
    """Noise of which no stretch is like another."""
    chance = np.random.default_rng(seed)
    with soundfile.SoundFile(path, "w", rate, 1, "PCM_16") as file:
        for _ in range(int(seconds) + 1):
            file.write(chance.normal(0, 0.06, rate).astype(np.float32))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.recorded")
    parser.add_argument("minutes", nargs="?", type=float, default=30.0)
    parser.add_argument("--wideband", action="store_true", help="G.722 on both sides")
    args = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder, installation(Path(folder)) as house:
        call = conversation(house, Path(folder), args.minutes * 60, wideband=args.wideband)
    stored = len(call.left) / call.rate
    print(f"a call of {args.minutes:g} min at {call.rate} Hz: {stored:.2f} s stored ({time.monotonic() - begun:.0f} s)")
    print("                     drift ms   first ms    last ms   likeness       asked: 20 ms")
    for name, one in zip(("citizen, left", "operator, right"), compare(call), strict=True):
        print(f"  {name:18} {one.drift:9.1f} {one.first:10.1f} {one.last:10.1f} {one.likeness:10.3f}")


if __name__ == "__main__":
    main()
