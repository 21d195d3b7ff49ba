"""Looks every few seconds, keeps the book of alarms, and sees to it that letters are taken."""

import asyncio
import logging
import math
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ivr.problem import Problem
from ivr.watching import alarms, book
from ivr.watching.alarms import Notice, Rules
from ivr.watching.book import Letter, Way
from ivr.watching.telling import lines

log = logging.getLogger(__name__)
LOOK = 5.0
GRACE = 30.0  # seconds at its start in which nothing is told: what is not there may still be being started
AGAIN, SELDOM = 10.0, 300.0  # seconds from one try to tell to the next, at first and at last
Tell = Callable[[Letter], Coroutine[Any, Any, None]]  # raises Problem when nobody took it
Ways = Mapping[Way, Tell]


class Watch:
    """`look` gives what `alarms.step` wants. `ways`: how people are told; none, and the log alone tells."""

    def __init__(self, data: Path, look: Callable[[], Awaitable[dict[str, str]]], ways: Ways, rules: Rules) -> None:
        self._data, self._look, self._ways, self._rules = data, look, ways, rules
        self._book = book.read(data)
        self._begun = time.monotonic()
        self._well = False  # all was well once since the start
        self._tries: dict[
            str, tuple[float, float]
        ] = {}  # by letter and way: when the next one is, and the pause before

    async def run(self) -> None:
        """Until cancelled."""
        telling = asyncio.create_task(self._tell())
        try:
            while True:
                await self.turn()
                await asyncio.sleep(LOOK)
        finally:
            telling.cancel()

    async def turn(self) -> None:
        try:
            found = await self._look()
        except Exception:  # who watches goes on watching
            log.exception("a look failed")
            return
        self._well = self._well or not any(found.values())
        starting = not self._well and time.monotonic() - self._begun < GRACE
        rules = replace(self._rules, after=math.inf) if starting else self._rules
        now, before = time.time(), self._book.alarms
        self._book.alarms, notices = alarms.step(before, found, now, rules)
        for notice in notices:
            log.log(logging.WARNING if notice.kind == "over" else logging.CRITICAL, "%s", lines([notice]))
        if notices:
            self._post(notices, now)
        if self._book.alarms.keys() != before.keys() or notices:
            self._save()

    def _post(self, notices: list[Notice], now: float) -> None:
        id = str(uuid.uuid4())
        if gone := self._book.add([Letter(id, way, now, notices) for way in self._ways]):
            log.critical("%d letters that nobody took are given up", gone)

    def _save(self) -> None:
        try:
            book.write(self._data, self._book)
        except OSError as error:  # a full disk: that is told as well
            log.error("the alarms cannot be written down: %s", error)

    async def _tell(self) -> None:
        while True:
            await self.tell(time.monotonic())
            await asyncio.sleep(1.0)

    async def tell(self, now: float) -> None:
        """Try each letter whose time it is. A way that has failed lets the other go on."""
        due = [one for one in self._book.letters if now >= self._tries.get(one.id + one.way, (0.0, 0.0))[0]]
        taken = [one for one in due if await self._send(one, now)]
        if taken:
            self._book.letters = [one for one in self._book.letters if one not in taken]
            self._save()

    async def _send(self, letter: Letter, now: float) -> bool:
        key = letter.id + letter.way
        if letter.way not in self._ways:  # the settings have no such way any more
            return True
        try:
            await self._ways[letter.way](letter)
        except Problem as error:
            pause = min(self._tries.get(key, (0.0, AGAIN / 2))[1] * 2, SELDOM)
            self._tries[key] = (now + pause, pause)
            log.error("%s; the next try is in %.0f s", error, pause)
            return False
        self._tries.pop(key, None)
        return True
