import asyncio
import gc
import threading
import time
from pathlib import Path

import pytest

from ivr.flow.model import Book
from ivr.prompts.library import Library
from ivr.publishing import versions
from ivr.publishing.versions import Version, Versions
from ivr.store.database import StoreError


def version(number: int) -> Version:
    return Version(number, Book({}, {}, {}), Library(Path("prompts"), Path("flows")), {})


class Shelf:
    """Loads versions; `broken` ones fail, those in `held` wait for their event."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.active: list[int] = []
        self.broken: set[int] = set()
        self.held: dict[int, threading.Event] = {}

    def load(self, number: int) -> Version:
        self.asked.append(number)
        if number in self.held:
            assert self.held[number].wait(5)
        if number in self.broken:
            raise StoreError("broken")
        return version(number)

    async def versions(self, *numbers: int) -> Versions:
        one = Versions(self.load, lambda new: self.active.append(new.number))
        await one.start(numbers)
        return one


async def test_a_new_version_is_loaded_once_for_many_calls() -> None:
    shelf = Shelf()
    here = await shelf.versions(1)
    taken = await asyncio.gather(*(here.take(2) for _ in range(50)))
    assert {one.number for one in taken} == {2}
    assert shelf.asked == [1, 2] and shelf.active == [1, 2]
    assert (await here.take(2)) is here.active and shelf.asked == [1, 2]


async def test_other_calls_go_on_while_one_is_loaded() -> None:
    shelf = Shelf()
    here = await shelf.versions(1)
    shelf.held[2] = threading.Event()
    first = asyncio.create_task(here.take(2))
    begun = time.monotonic()
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert time.monotonic() - begun < 1 and here.active.number == 1
    shelf.held[2].set()
    assert (await first).number == 2


async def test_a_version_that_cannot_be_loaded_keeps_the_former(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    here = await shelf.versions(1)
    shelf.broken.add(2)
    assert (await here.take(2)).number == 1 and (await here.take(2)).number == 1
    assert shelf.asked == [1, 2], "not tried again with each call"
    assert "CANNOT BE LOADED" in caplog.text
    assert shelf.active == [1]


async def test_a_broken_version_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "RETRY", 0.0)
    shelf = Shelf()
    here = await shelf.versions(1)
    shelf.broken.add(2)
    await here.take(2)
    shelf.broken.clear()
    assert (await here.take(2)).number == 2


async def test_what_was_loaded_late_does_not_undo_a_rollback() -> None:
    shelf = Shelf()
    here = await shelf.versions(1)
    shelf.held[2] = threading.Event()
    late = asyncio.create_task(here.take(2))
    await asyncio.sleep(0)
    assert (await here.take(1)).number == 1
    shelf.held[2].set()
    assert (await late).number == 2, "that call asked when 2 was active"
    assert here.active.number == 1 and shelf.active == [1]


async def test_an_old_version_lives_as_long_as_a_call_holds_it() -> None:
    shelf = Shelf()
    here = await shelf.versions(1)
    call = here.active
    await here.take(2)
    assert here.loaded(1) is call
    del call
    gc.collect()
    assert here.loaded(1) is None and here.loaded(2) is here.active
    assert (await here.get(1)).number == 1, "a call that is taken over gets its version back"


async def test_a_controller_starts_with_the_newest_that_can_be_run() -> None:
    shelf = Shelf()
    shelf.broken.add(3)
    assert (await shelf.versions(3, 2, 3, 1)).active.number == 2
    assert shelf.asked == [3, 2]
    with pytest.raises(StoreError, match="flow publish"):
        await Shelf().versions()
