"""Capture: Asterisk's MixMonitor writes a conversation into the spool; `ingest` takes it from there.

What it writes is named by the call and its part (see `spool`), so whoever finds it after a crash knows whose it is.
"""

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ivr.problem import Problem
from ivr.store.database import Database
from recordings import spool
from recordings.ingest import ingest, sweep
from recordings.silence import Silence
from recordings.vault import Vault

log = logging.getLogger(__name__)
MIB = 1 << 20
AT_ONCE = 4  # recordings being stored
PACKET = 0.02  # seconds of sound; a recording that was stopped is gone with the next one
RELEASED = 1.0  # seconds until a channel without any packets is no longer waited for


class Tape:
    """`action` sends one AMI action. `place` is the spool's; `min_free` MiB on its disk, below it a warning is logged.
    Raises Problem when MixMonitor could not be told of that place."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        action: Callable[[dict[str, str]], Awaitable[dict[str, Any]]],
        *,
        place: Path,
        timezone: str,
        min_free: int,
    ) -> None:
        self._database, self._vault, self._action, self._min_free = database, vault, action, min_free
        self._place, self._timezone = place, timezone
        if found := set(str(place)) & set('(),;|"'):
            raise Problem(f"{place}: Asterisk cannot record into a folder with {' '.join(sorted(found))} in its path")
        self._silences: dict[str, Silence] = {}  # by channel: of a recording that waits, paused, to begin or to go on
        # Of its own: a store that does not answer for a minute must hold up nothing else.
        self._threads = ThreadPoolExecutor(AT_ONCE, "recordings")

    async def start(self, channel: str, call: str, part: str, *, wideband: bool = False, paused: bool = False) -> None:
        """From here on, both directions of `channel`: left what the caller says, right what the caller hears. While it
        is paused, its time is silence."""
        free = shutil.disk_usage(self._place).free // MIB
        if free < self._min_free:
            log.error("the recordings' disk is nearly full: %d MiB are free", free, extra={"call": call})
        folder, rate = spool.folder_of(self._place, call, part), spool.WIDE_RATE if wideband else spool.USUAL_RATE
        if paused:
            self._silences[channel] = Silence(folder, rate)
        else:
            await self._mix(channel, folder, rate, "")

    async def renew(self, channel: str, call: str, part: str, *, paused: bool = False) -> None:
        """Go on in the same files with whoever speaks to `channel` now.

        What a channel hears is decoded for all its recordings by one decoder, which takes the RTP of another speaker
        for packets of the former one that come too late, and drops them (for up to eleven minutes, if the one's
        sequence numbers lie behind the other's; so in Debian's Asterisk 22). It is made anew when no recording is left.
        """
        await self.stop(channel, call, part)
        folder = spool.folder_of(self._place, call, part)
        self._silences[channel] = Silence(folder, spool.rate_of(folder))
        if not paused:
            await self.pause(channel, False)

    async def pause(self, channel: str, on: bool) -> None:
        """While it is on, nothing is recorded: its time is silence."""
        if channel not in self._silences:
            await self._mute(channel, on)
        elif not on:
            begun = time.monotonic()
            while time.monotonic() < begun + RELEASED and await self._held(channel):  # noqa: ASYNC110 Asterisk's event
                await asyncio.sleep(PACKET)
            silence = self._silences.pop(channel)
            await silence.end()
            await self._mix(channel, silence.folder, silence.rate, "a")

    async def stop(self, channel: str, call: str, part: str) -> None:
        if silence := self._silences.pop(channel, None):
            await silence.end()
            return
        try:
            await self._action({"Action": "StopMixMonitor", "Channel": channel})
        except Exception as error:
            # The caller has hung up, and the recording has ended with the channel.
            log.info("recording had ended already: %s", error, extra={"call": call})

    async def _mix(self, channel: str, folder: Path, rate: int, options: str) -> None:
        caller, heard = spool.files(folder, rate)
        options += f"r({caller})t({heard})"
        await self._action({"Action": "MixMonitor", "Channel": channel, "File": "", "Options": options})

    async def _held(self, channel: str) -> bool:
        """Whether the channel still has a recording, even one that is being ended."""
        try:
            await self._mute(channel, True)
        except Exception:  # AMI knows no more of it
            return False
        return True

    async def _mute(self, channel: str, on: bool) -> None:
        state = "1" if on else "0"
        await self._action({"Action": "MixMonitorMute", "Channel": channel, "Direction": "both", "State": state})

    async def keep(self, call: str, part: str, seconds: float) -> None:
        """Make the recording of what is over. What fails here is tried again by `sweep`."""
        folder = spool.folder_of(self._place, call, part)
        await _settled(folder)
        await self._beside(ingest, self._database, self._vault, folder, self._timezone, seconds)

    async def sweep(self) -> None:
        """Take up what a crash or a full disk left in the spool."""
        await self._beside(sweep, self._database, self._vault, self._place, self._timezone)

    def close(self) -> None:
        """What has not begun is taken up by the sweep of the next start."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _beside(self, work: Callable[..., object], *arguments: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


async def _settled(folder: Path) -> None:
    """Asterisk writes on for a moment after the end; wait until its files no longer grow (at most 2 s)."""
    size = -1
    for _ in range(20):
        now = await asyncio.to_thread(spool.size, folder)
        if now == size:
            return
        size = now
        await asyncio.sleep(0.1)
