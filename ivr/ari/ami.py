"""The Asterisk Manager Interface, for MixMonitor, which ARI does not have. panoramisk stays behind this module."""

import asyncio
import logging
from typing import Any

from panoramisk import Manager

from ivr.ari.errors import AriError, TooLate

log = logging.getLogger(__name__)
DEADLINE = 5.0


class Ami:
    """One connection, kept up by panoramisk (it tries again every second)."""

    def __init__(self, port: int, user: str, password: str, host: str = "127.0.0.1") -> None:
        self.up = False  # signed in
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
            on_disconnect=lambda *_: setattr(self, "up", False),
        )

    async def connect(self) -> None:
        """The first try; if Asterisk is not there yet, others follow."""
        await asyncio.wait({self._manager.connect()})

    def close(self) -> None:
        self._manager.close()

    async def action(self, headers: dict[str, str]) -> dict[str, Any]:
        """Send one action; returns the answer's headers. Raises `AriError` when Asterisk refuses or is silent."""
        name = f"AMI {headers['Action']}"
        if not self.up:
            raise AriError(name, 0, "no connection to Asterisk's manager interface")
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await self._manager.send_action(dict(headers))
        except TimeoutError:
            raise TooLate(name, DEADLINE) from None
        if answer.Response != "Success":
            raise AriError(name, 400, str(answer.Message or answer.Response))
        return {key: str(value) for key, value in answer.items()}
