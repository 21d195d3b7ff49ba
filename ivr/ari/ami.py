"""The Asterisk Manager Interface, for MixMonitor, which ARI does not have. panoramisk stays behind this module."""

import asyncio
import logging
from typing import Any

from panoramisk import Manager

from ivr.ari.errors import AriError, Disconnected, TooLate

log = logging.getLogger(__name__)
DEADLINE = 5.0


class Ami:
    """One connection, kept up by panoramisk (it tries again every second)."""

    def __init__(self, port: int, user: str, password: str, host: str = "127.0.0.1") -> None:
        self.up = False  # signed in
        self._in_flight: dict[asyncio.Future[Any], str] = {}
        self._manager = Manager(
            host=host,
            port=port,
            username=user,
            secret=password,
            ping_delay=10,
            ping_interval=10,
            reconnect_timeout=1,
            loop=asyncio.get_running_loop(),
            on_login=lambda _: setattr(self, "up", True),
            on_disconnect=lambda *_: self._lost(),
        )

    async def connect(self) -> None:
        """The first try; if Asterisk is not there yet, others follow."""
        await asyncio.wait({self._manager.connect()})

    def _lost(self) -> None:
        self.up = False
        for future, name in self._in_flight.items():
            if not future.done():
                future.set_exception(Disconnected(name))

    def close(self) -> None:
        self._manager.close()

    async def action(self, headers: dict[str, str]) -> dict[str, Any]:
        """Send one action; returns the answer's headers. Raises `AriError`, `Disconnected` or `TooLate`."""
        name = f"AMI {headers['Action']}"
        if not self.up:
            raise Disconnected(name)
        sent = self._manager.send_action(dict(headers))
        self._in_flight[sent] = name
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await sent
        except TimeoutError:
            raise TooLate(name, DEADLINE) from None
        finally:
            del self._in_flight[sent]
        if answer.Response != "Success":
            raise AriError(name, 400, str(answer.Message or answer.Response))
        return {key: str(value) for key, value in answer.items()}
