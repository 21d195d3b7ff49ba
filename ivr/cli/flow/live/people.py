"""Whom a call meets: an operator at a desk, and who answers the number outside. Robots on real phones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ivr.cli.desk import CODES, account_of
from ivr.cli.flow.live.stage import Stage
from ivr.flow.trial import Operator
from ivr.phone.phone import Account, Phone, PhoneError

KNOWN_WITHIN, ATTEMPTS = 6.0, 4  # of a registration
LONGEST_TALK = 4.0  # seconds of a conversation, whatever the test says: nothing depends on it
OUTSIDE_TALK = 2.0


class Desk:
    """One operator with two phones: calls come to the first; codes are dialled on the second, so that the offer which
    the sign-in brings finds the first one free."""

    def __init__(self, stage: Stage, code: str) -> None:
        self._stage, self._code = stage, code
        self._account = account_of(stage.settings, code)
        self._after: asyncio.Task[None] | None = None
        self.phone: Phone

    @asynccontextmanager
    async def there(self, folder: Path) -> AsyncIterator["Desk"]:
        """The phone is registered; at the end what the operator still had to do is done. Raises PhoneError."""
        self._folder = folder
        for attempt in range(1, ATTEMPTS + 1):
            async with Phone(self._stage.tree, self._account, folder=folder / f"phone-{attempt}") as self.phone:
                try:
                    await self.phone.registered(within=KNOWN_WITHIN)
                except PhoneError:
                    if attempt == ATTEMPTS:
                        raise
                    continue
                try:
                    yield self
                    await self._done()
                finally:
                    if self._after:
                        self._after.cancel()
                return

    async def serve(self, operator: Operator, connected: Callable[[], Awaitable[bool]]) -> None:
        """Sign in, take the call that waits, talk, hang up. Raises PhoneError, TimeoutError."""
        await self._done()
        await self._dial("*1", f",{self._code}#", hear_out=False)
        await self.phone.wait_for("INCOMING", within=30)
        await self.phone.answer()
        if not await connected():
            raise PhoneError(f"operator {self._code} answered and was not connected")
        await asyncio.sleep(min(operator.talk, LONGEST_TALK))
        await self.phone.hangup()
        self._after = asyncio.create_task(self._finish(operator.disposition))

    async def _finish(self, disposition: str) -> None:
        """The caller goes on meanwhile."""
        if disposition:
            await self._dial(f"*3{CODES[disposition]}")
        await self._dial("*2")

    async def _done(self) -> None:
        if self._after:
            await self._after
            self._after = None

    async def _dial(self, number: str, keys: str = "", *, hear_out: bool = True) -> None:
        account = Account(**(vars(self._account) | {"register": False}))
        folder = self._folder / f"second-{len(list(self._folder.iterdir()))}"
        async with Phone(self._stage.tree, account, folder=folder) as phone:
            await phone.dial(number)
            if (await phone.wait_for("ESTABLISHED", "CLOSED", within=20)).type == "CLOSED":
                raise PhoneError(f"{number}, dialled by operator {self._code}, was not answered")
            await phone.press(keys)
            if hear_out:
                await phone.wait_for("CLOSED", within=30)
            else:
                await asyncio.sleep(1)  # the code is taken when its last key is; the confirmation need not be heard


class Outside:
    """The number outside: its phone is there before it is called."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @asynccontextmanager
    async def there(self, folder: Path) -> AsyncIterator["Outside"]:
        ports = self._stage.settings.ports
        account = Account("outside", "127.0.0.1", ports.sip, listen=self._stage.outside)
        async with Phone(self._stage.tree, account, folder=folder) as self._phone:
            yield self

    async def be_called(self, how: str) -> None:
        """`answered` or `unanswered`. Raises TimeoutError when no call comes."""
        await self._phone.wait_for("INCOMING", within=30)
        if how == "answered":
            await self._phone.answer()
            await self._phone.wait_for("ESTABLISHED", within=10)
            await asyncio.sleep(OUTSIDE_TALK)
        await self._phone.hangup()
