"""Runs tests as real calls, several side by side."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path

from ivr.cli.flow.live.call import place
from ivr.cli.flow.live.people import Desk
from ivr.cli.flow.live.stage import STAND_IN, Stage, stage
from ivr.cli.flow.world import facts, ticket_type
from ivr.flow import trial
from ivr.flow.model import Book
from ivr.flow.trial import Result
from ivr.flow.words import Say
from ivr.phone.hearing import length
from ivr.prompts.library import PromptError
from ivr.settings import Settings


async def perform(
    flows: Path, book: Book, simulated: Sequence[Result], house: Settings, jobs: int, done: Callable[[Result], None],
    say: Callable[[str], None],
) -> list[Result]:  # fmt: skip
    """Each test that passed in the simulator as a real call, `jobs` at a time; the results in the order given. `done`
    hears of each. Raises StageError, TreeError, PhoneError."""
    passed = {str(number): result for number, result in enumerate(simulated) if result.passed}
    codes: dict[str, list[str]] = defaultdict(list)
    for number, result in passed.items():
        for code in _codes(result):
            codes[code].append(number)
    results = list(simulated)
    if not passed:
        return results
    async with stage(book, flows, house, passed, codes, say) as on, Desk(on, STAND_IN).there(on.folder / STAND_IN):
        seconds, type_of = _seconds(on), ticket_type(house)
        # A person is in one call at a time: tests that need the same one come one after the other.
        busy: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        lines = asyncio.Semaphore(jobs)

        def simulated_again(result: Result) -> Result:
            try:
                return trial.run(result.case, book, facts, type_of, seconds)
            except PromptError as error:
                return replace(result, problem=str(error), line=result.case.line)

        async def one(number: str, result: Result) -> None:
            async with AsyncExitStack() as held:
                for person in _people(result):
                    await held.enter_async_context(busy[person])
                await held.enter_async_context(lines)
                expected = await asyncio.to_thread(simulated_again, result)
                called = trial.number(result.case, book)
                if book.flow_for(called) != result.case.flow:
                    expected = replace(expected, problem=f"{called} does not lead to this flow", line=result.case.line)
                if expected.passed:
                    assert expected.state is not None
                    expected = await place(on, number, called, expected, type_of(expected.state))
            results[int(number)] = expected
            done(expected)

        async with asyncio.TaskGroup() as group:
            for number, result in passed.items():
                group.create_task(one(number, result))
    return results


def _codes(result: Result) -> set[str]:
    return {act.value.code for act in result.script if act.kind == "operator"}


def _people(result: Result) -> list[str]:
    """Whom a test needs, always in the same order."""
    outside = ["outside"] if any(act.kind == "transfer" for act in result.script) else []
    return sorted(_codes(result)) + outside


def _seconds(on: Stage) -> Callable[[Say], float]:
    """How long things take to say with the house's voice."""

    @cache
    def seconds(say: Say) -> float:
        return length(on.library.sound(say))

    return seconds
