"""Processes that make prompts: bounded, and replaced when they fail."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from ivr.prompts import workers as module
from ivr.prompts.recipe import Recipe
from ivr.prompts.worker import Job
from ivr.prompts.workers import WorkerError, Workers


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    one = Workers(Recipe(), 2)
    await one.open()
    yield one
    await one.close()


def children() -> set[int]:
    found: set[int] = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


async def test_there_are_never_more_than_asked_for(workers: Workers, tmp_path: Path) -> None:
    there = children()
    jobs = [Job(f"Numero {number}.", "it", str(tmp_path / f"{number}.wav")) for number in range(10)]
    await asyncio.gather(*(workers.make(job) for job in jobs))
    assert children() == there
    assert all([(await asyncio.to_thread(Path(job.target).exists)) for job in jobs])


async def test_one_that_dies_is_replaced(tmp_path: Path) -> None:
    before = children()
    workers = Workers(Recipe(), 1)
    await workers.open()
    job = Job("Numero uno.", "it", str(tmp_path / "one.wav"))
    await workers.make(job)
    (first,) = children() - before
    os.kill(first, signal.SIGKILL)  # nobody has told us when the next job comes
    await workers.make(job)
    (second,) = children() - before
    assert second != first
    os.kill(second, signal.SIGSTOP)
    module.PATIENCE, patience = 0.3, module.PATIENCE
    try:
        with pytest.raises(WorkerError, match="took longer than"):
            await workers.make(job)
    finally:
        module.PATIENCE = patience
    await workers.make(job)
    await workers.close()
    assert children() == before


async def test_a_job_that_fails_says_why_and_the_worker_goes_on(workers: Workers, tmp_path: Path) -> None:
    there = children()
    with pytest.raises(WorkerError, match="no voice for 'xx'"):
        await workers.make(Job("Hello.", "xx", str(tmp_path / "xx.wav")))
    with pytest.raises(WorkerError, match="File exists"):
        (tmp_path / "file").touch()
        await workers.make(Job("Ciao.", "it", str(tmp_path / "file/ciao.wav")))
    with pytest.raises(WorkerError, match="pico"):
        await workers.make(Job("a" * 50_000, "it", str(tmp_path / "long.wav")))
    await workers.make(Job("Ciao.", "it", str(tmp_path / "ciao.wav")))
    assert children() == there
