"""The lines from here to the controllers: to the one that decides, and to the one that has a call."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

from ivr.link.client import Client
from ivr.link.key import Key
from ivr.link.messages import LinkError, Refused
from ivr.store import calls, controllers, leases
from ivr.store.database import Database, StoreError

WITHIN = 3.0  # seconds for an answer: people wait for it
# A command about a call may first have the caller told with whom they will speak.
AT_THE_CALL = 20.0
BRIEFLY = 1.0  # for who asks all, and does without the one that does not answer


class Lines:
    """`async with Lines(database, token) as lines`. `token`: what the installation's processes show."""

    def __init__(self, database: Database, token: Key | str) -> None:
        self._database, self._token = database, token
        self._clients: dict[str, Client] = {}
        self._controllers: dict[str, str] = {}  # name → address, as known last

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()

    async def ask_floor(self, command: object, answer: Any = Any) -> Any:
        """To the controller that decides who takes which call. Raises Refused or LinkError."""
        return await self._ask(await asyncio.to_thread(self._floor), command, answer, WITHIN)

    async def ask_call(self, call: str, command: object, answer: Any = Any) -> Any:
        """To the controller that has the call. Raises Refused or LinkError."""
        return await self._ask(await asyncio.to_thread(self._controller_of, call), command, answer, AT_THE_CALL)

    async def ask_all(self, question: object, answer: Any = Any) -> dict[str, Any]:
        """Of every controller, by name; None for one that does not answer. While the store is away, of those that were
        known last."""
        with suppress(StoreError):
            self._controllers = await asyncio.to_thread(self._alive)
        answers = await asyncio.gather(*(self._or_none(at, question, answer) for at in self._controllers.values()))
        return dict(zip(self._controllers, answers, strict=True))

    async def _or_none(self, address: str, question: object, answer: Any) -> Any:
        try:
            return await self._ask(address, question, answer, BRIEFLY)
        except (LinkError, Refused):
            return None

    async def _ask(self, address: str, command: object, answer: Any, within: float) -> Any:
        client = self._clients.get(address)
        if client is None:
            client = self._clients[address] = Client(address, self._token)
            client.start()
        return await client.ask(command, answer, within)

    def _floor(self) -> str:
        with self._database.read() as session:
            lease, _ = leases.get(session)
        if not lease.address:
            raise LinkError("no controller is running (`ivr status`)")
        return lease.address

    def _alive(self) -> dict[str, str]:
        with self._database.read() as session:
            return {one.id: one.address for one in controllers.alive(session, datetime.now(UTC))}

    def _controller_of(self, call: str) -> str:
        with self._database.read() as session:
            row = calls.get(session, call)
        alive = self._alive()
        if row is None or row.ended_at is not None:
            raise Refused(f"there is no call {call} in progress")
        if row.controller not in alive:
            raise LinkError(f"the controller that has the call {call} is not running (`ivr status`)")
        return alive[row.controller]
