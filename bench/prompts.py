"""How soon a sentence with a value is ready, cold and warm, and is heard through Asterisk.

python -m bench.prompts [SENTENCES] [CALLS]
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bench.caller import Caller, load
from bench.house import House
from ivr.flow import spoken
from ivr.flow.builtin import builtin_say
from ivr.flow.words import Say
from ivr.prompts.library import Library

COLD, WARM = 300.0, 50.0
RATE = 2.0
AT_ONCE = 2
LANGUAGES = ("it", "en", "de", "fr")
NOTICE = {
    "it": "L'avviso {code} è di {sum}, da pagare entro il {day}.",
    "en": "Notice {code} is for {sum}, to be paid by {day}.",
    "de": "Der Bescheid {code} beträgt {sum}, zahlbar bis {day}.",
    "fr": "L'avis {code} est de {sum}, à payer avant le {day}.",
}


def sentences(number: int, rng: random.Random) -> list[Say]:
    """Half as the engine says them (place, wait, code), half payment notices of 18 digits, amount and date."""
    made: list[Say] = []
    for index in range(number):
        language = LANGUAGES[index % 4]
        kinds: list[Callable[[], Say]] = [
            lambda language=language: builtin_say("queue-position", language, position=rng.randrange(10_000)),  # type: ignore[misc]
            lambda language=language: builtin_say("operator-code", language, code=rng.randrange(1000, 10_000)),  # type: ignore[misc]
            lambda language=language: _notice(language, rng),  # type: ignore[misc]
            lambda language=language: _notice(language, rng),  # type: ignore[misc]
        ]
        made.append(kinds[index // 4 % 4]())
    return made


def _notice(language: str, rng: random.Random) -> Say:
    values = {
        "code": spoken.digits("".join(rng.choices("0123456789", k=18)), language),
        "sum": spoken.amount(f"{rng.randrange(1000)}.{rng.randrange(100):02}", language),
        "day": spoken.date(datetime(2027, rng.randrange(1, 13), rng.randrange(1, 29)), language),
    }
    return Say("notice", language, NOTICE[language].format_map(values))


async def ready(library: Library, says: list[Say], at_once: int) -> list[float]:
    """Milliseconds until each was ready, `at_once` asked for at a time."""

    async def one(say: Say) -> float:
        begun = time.perf_counter()
        await library.ready(say)
        return 1000 * (time.perf_counter() - begun)

    times: list[float] = []
    for first in range(0, len(says), at_once):
        times += await asyncio.gather(*(one(say) for say in says[first : first + at_once]))
        await asyncio.sleep(0.02)
    return times


def row(name: str, times: list[float], most: float | None) -> None:
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    verdict = "" if most is None else f"{most:10.0f}   {'met' if p95 <= most else 'NOT MET'}"
    print(f"{name:<36}{len(times):>6}{ordered[len(ordered) // 2]:>9.1f}{p95:>9.1f}{ordered[-1]:>9.1f}{verdict}")


async def main(number: int, calls: int) -> None:
    rng = random.Random(4)
    print(f"{'ms':<36}{'n':>6}{'median':>9}{'p95':>9}{'max':>9}{'p95 wanted':>12}")
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        library = Library(Path(folder), Path(folder))
        await library.open()
        says = sentences(number, rng)
        row("ready, cold, one at a time", await ready(library, says, 1), COLD)
        row("ready, warm", await ready(library, says, 1), WARM)
        row("ready, cold, 4 calls at once", await ready(library, sentences(number, rng), 4), COLD)
        row("ready, cold, 10 calls at once", await ready(library, sentences(number, rng), 10), None)
        await library.close()
    if not calls:
        return
    async with House() as house:
        caller = await Caller(house.sip).open()
        ahead = await load(caller, "+390600000001", RATE, calls)
        cold = []
        for first in range(0, calls, AT_ONCE):
            numbers = [f"+3906{first + one:08}" for one in range(AT_ONCE)]
            cold += await asyncio.gather(*(caller.call(number) for number in numbers))
        for name, results in (("INVITE to sound, made ahead", ahead), ("INVITE to sound, cold", cold)):
            row(name, [1000 * (one.first_audio - one.begun) for one in results if one.first_audio], None)


asyncio.run(main(*(int(one) for one in (*sys.argv[1:], 200, 60)[:2])))
