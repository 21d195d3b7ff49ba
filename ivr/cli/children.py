"""The programs that `ivr up` starts: each has a log file, is started anew when it ends, and is stopped at the end.

They run in sessions of their own, so a Ctrl-C at the terminal reaches only `ivr up`, which stops them in order.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

FIRST_DELAY, LONGEST_DELAY = 0.5, 10.0
CALM = 10.0  # who ran this long is tried again after FIRST_DELAY: meanwhile the others bear its calls


@dataclass
class Child:
    name: str
    argv: Sequence[str]
    logs: Path
    patience: float  # seconds to end in after SIGTERM
    on_start: Callable[[], None] = lambda: None
    process: asyncio.subprocess.Process | None = None
    _keeper: asyncio.Task[None] | None = field(default=None, repr=False)
    _stopping: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    async def start(self) -> None:
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def _spawn(self) -> None:
        with (self.logs / f"{self.name}.log").open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.on_start()

    async def _keep(self) -> None:
        delay = FIRST_DELAY
        while True:
            assert self.process is not None
            begun = time.monotonic()
            status = await self.process.wait()
            if self._stopping:
                return
            delay = FIRST_DELAY if time.monotonic() - begun > CALM else min(delay * 2, LONGEST_DELAY)
            log.error("%s ended with status %s; it is started again in %.1f s", self.name, status, delay)
            await asyncio.sleep(delay)
            await self._spawn()

    async def stop(self) -> None:
        self._stopping = True
        if self.process is None or self.process.returncode is not None:
            if self._keeper:
                self._keeper.cancel()
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self.patience):
                await self.process.wait()
        except TimeoutError:
            log.error("%s did not end within %.0f s and is killed", self.name, self.patience)
            self.process.kill()
            await self.process.wait()
        if self._keeper:
            self._keeper.cancel()
