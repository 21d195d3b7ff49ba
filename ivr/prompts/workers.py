"""A few processes that make prompts, started ahead and replaced when one fails."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

import msgspec

from ivr.prompts import worker
from ivr.prompts.recipe import Recipe
from ivr.prompts.worker import Done, Job

PATIENCE = 10.0


class WorkerError(Exception):
    """A prompt was not made; says why."""


class Workers:
    """At most `number` prompts are made at a time; the others wait in the order they came."""

    def __init__(self, recipe: Recipe, number: int) -> None:
        self._recipe, self._number = recipe, number
        self._idle: asyncio.Queue[Process | None] = asyncio.Queue()
        for _ in range(number):
            self._idle.put_nowait(None)  # a place where none runs yet

    async def open(self) -> None:
        """Start them ahead; without it each starts with its first job, which then takes 0.3 s longer."""
        for _ in range(self._number):
            self._idle.put_nowait(await self._running(await self._idle.get()))

    async def close(self) -> None:
        """Wait for the jobs there are, and end them."""
        for _ in range(self._number):
            if process := await self._idle.get():
                _kill(process)
                await process.wait()
            self._idle.put_nowait(None)

    async def make(self, job: Job) -> None:
        """Raises WorkerError."""
        process, healthy = await self._idle.get(), None
        try:
            async with asyncio.timeout(PATIENCE):
                process = await self._running(process)
                try:
                    done = await _ask(process, job)
                except ConnectionError:  # it had died, and we had not heard of it yet
                    _kill(process)
                    process = await self._running(None)
                    done = await _ask(process, job)
            healthy = process
        except TimeoutError as error:
            raise WorkerError(f"the synthesiser took longer than {PATIENCE:g} s") from error
        except (OSError, msgspec.DecodeError) as error:
            raise WorkerError(f"the synthesiser failed: {error}") from error
        finally:
            if process and not healthy:  # its answer might still come, and be taken for another job's
                _kill(process)
            self._idle.put_nowait(healthy)
        if done.error:
            raise WorkerError(done.error)

    async def _running(self, process: Process | None) -> Process:
        if process and process.returncode is None:
            return process
        command = (sys.executable, "-m", worker.__name__)
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(self._recipe) + b"\n")
        return process


async def _ask(process: Process, job: Job) -> Done:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(msgspec.json.encode(job) + b"\n")
    await process.stdin.drain()
    line = await process.stdout.readline()
    if not line:
        raise ConnectionResetError("its process ended")
    return msgspec.json.decode(line, type=Done)


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
