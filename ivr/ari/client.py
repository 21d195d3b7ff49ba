"""The commands we give Asterisk, typed. All raise `AriError` (see `Connection.command`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from ivr.ari.connection import Connection
from ivr.ari.errors import AriError
from ivr.ari.events import KNOWN, Bridge, Channel, Endpoint, Response, body

_channels = msgspec.json.Decoder(list[Channel])
_bridges = msgspec.json.Decoder(list[Bridge])
_endpoints = msgspec.json.Decoder(list[Endpoint])


class Ari:
    """`gate` is asked before each command whether its target is ours; it may raise AriError."""

    gate: Callable[[str], Awaitable[None]] | None = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.app = connection.app

    async def _command(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str | int] | None = None,
        body: Any = None,
    ) -> Response:
        if self.gate:
            await self.gate(path[1] if len(path) > 1 else "")
        return await self._connection.command(method, path, query, body)

    @property
    def up(self) -> bool:
        return self._connection.up

    async def listen(self) -> None:
        """Have Asterisk send only the events that we read. The filter is over its answers too: they must be named."""
        allowed = [{"type": kind} for kind in (*KNOWN, "RESTResponse")]
        await self._command("PUT", ("applications", self.app, "eventFilter"), body={"allowed": allowed})

    async def version(self) -> str:
        info = body(await self._command("GET", ("asterisk", "info"), {"only": "system"}))
        return str(info["system"]["version"])

    async def started(self) -> str:
        """When Asterisk was started: another time, another life."""
        info = body(await self._command("GET", ("asterisk", "info"), {"only": "status"}))
        return str(info["status"]["startup_time"])

    async def ping(self) -> None:
        """Its answer comes behind those to all commands before it."""
        await self._command("GET", ("asterisk", "ping"))

    async def set_global(self, name: str, value: str) -> None:
        """A variable of the dialplan."""
        await self._command("POST", ("asterisk", "variable"), {"variable": name, "value": value})

    async def claim(self, channel: str) -> bool:
        """Claim a broadcast call; False when another controller was first or the caller is gone."""
        try:
            await self._command("POST", ("events", "claim"), {"channelId": channel, "application": self.app})
        except AriError as error:
            if error.gone:
                return False
            raise
        return True

    async def channels(self) -> list[Channel]:
        return _channels.decode((await self._command("GET", ("channels",))).message_body)

    async def online(self) -> set[str]:
        """The SIP accounts at which a phone answers; 6 ms for 400 accounts."""
        accounts = _endpoints.decode((await self._command("GET", ("endpoints", "PJSIP"))).message_body)
        return {account.resource for account in accounts if account.state == "online"}

    async def answer(self, channel: str) -> None:
        await self._command("POST", ("channels", channel, "answer"))

    async def hang_up(self, channel: str, cause: int = 16) -> None:
        """`cause` is a Q.850 cause: 16 normal, 17 busy, 42 congestion. A channel that is gone is no error."""
        await self._if_there("DELETE", ("channels", channel), {"reason_code": cause})

    async def play(self, channel: str, playback: str, media: Sequence[str]) -> None:
        """Play the sounds one after the other, as one playback with the id given.

        Asterisk takes the same id twice, and plays twice: who repeats a step asks `playback_exists` first.
        """
        await self._command("POST", ("channels", channel, "play", playback), body={"media": list(media)})

    async def stop_playback(self, playback: str) -> None:
        await self._if_there("DELETE", ("playbacks", playback))

    async def playback_exists(self, playback: str) -> bool:
        return await self._if_there("GET", ("playbacks", playback))

    async def start_music(self, channel: str, music: str) -> None:
        await self._command("POST", ("channels", channel, "moh"), {"mohClass": music})

    async def stop_music(self, channel: str) -> None:
        await self._if_there("DELETE", ("channels", channel, "moh"))

    async def ring(self, channel: str) -> None:
        await self._command("POST", ("channels", channel, "ring"))

    async def stop_ringing(self, channel: str) -> None:
        await self._if_there("DELETE", ("channels", channel, "ring"))

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        """At most 64,000 bytes; it travels in the body, so that every character is allowed."""
        await self._command("POST", ("channels", channel, "variable"), {"variable": name}, {"value": value})

    async def move(self, channel: str, arguments: Sequence[str]) -> None:
        """From whatever application it is in to ours: StasisStart comes with `arguments`, once nothing is being played
        to it any more. It stays in its bridge; music and recordings go on."""
        query = {"app": self.app, "appArgs": ",".join(arguments)}
        await self._command("POST", ("channels", channel, "move"), query)

    async def channels_of(self, app: str) -> list[str]:
        """The ids of the channels in an application, whether anybody is connected for it or not."""
        try:
            response = await self._command("GET", ("applications", app))
        except AriError as error:
            if error.gone:
                return []
            raise
        return list(body(response)["channel_ids"])

    async def variable(self, channel: str, name: str) -> str:
        """The variable's value, "" when it is not set or the channel is gone."""
        try:
            response = await self._command("GET", ("channels", channel, "variable"), {"variable": name})
        except AriError as error:
            if error.gone:
                return ""
            raise
        return str(body(response)["value"])

    async def originate(
        self,
        channel: str,
        endpoint: str,
        *,
        arguments: Sequence[str],
        caller_id: str,
        ring: float,
        wideband: bool = False,
    ) -> None:
        """Ring `endpoint`; its StasisStart comes with `arguments` when it answers, a ChannelDestroyed otherwise.

        The telephone's own codecs are offered: who speaks alaw on both sides costs no conversion. `wideband`: G.722
        before them.
        """
        query: dict[str, str | int] = {
            "endpoint": endpoint,
            "app": self.app,
            "appArgs": ",".join(arguments),
            "callerId": caller_id,
            "formats": "g722,alaw,ulaw" if wideband else "alaw,ulaw",
            "timeout": max(1, round(ring)),
        }
        await self._command("POST", ("channels", channel), query)

    async def make_bridge(self, bridge: str) -> None:
        # dtmf_events: keys are reported and not passed to the other party, who should not hear them.
        try:
            await self._command("POST", ("bridges", bridge), {"type": "mixing,dtmf_events"})
        except AriError as error:
            if error.status != 409:  # it is there already: this is a repeated step
                raise

    async def join(self, bridge: str, channels: Sequence[str]) -> None:
        await self._command("POST", ("bridges", bridge, "addChannel"), {"channel": ",".join(channels)})

    async def part(self, bridge: str, channels: Sequence[str]) -> None:
        """Take channels out of a bridge; they stay ours."""
        await self._command("POST", ("bridges", bridge, "removeChannel"), {"channel": ",".join(channels)})

    async def mute(self, channel: str, on: bool) -> None:
        """Nobody hears what comes from this channel while it is on."""
        await self._command("POST" if on else "DELETE", ("channels", channel, "mute"), {"direction": "in"})

    async def snoop(self, channel: str, snoop: str, *, spy: str = "both", whisper: bool = False) -> None:
        """Make the channel `snoop`, which hears what comes from `channel` (`spy` in), what goes to it (out), `both` or
        `none`; with `whisper` the owner of `channel` hears what comes from `snoop`."""
        query = {"spy": spy, "whisper": "out" if whisper else "none", "app": self.app, "appArgs": "snoop"}
        await self._command("POST", ("channels", channel, "snoop", snoop), query)

    async def connect_sound(self, channel: str, address: str, uuid: str) -> None:
        """Make `channel`, whose sound goes to and comes from a program at `address` (`host:port`) that speaks
        AudioSocket; `uuid` is what it is known by there."""
        query = {
            "channelId": channel,
            "app": self.app,
            "external_host": address,
            "encapsulation": "audiosocket",
            "transport": "tcp",
            "format": "slin",
            "data": uuid,
        }
        await self._command("POST", ("channels", "externalMedia"), query)

    async def bridges(self) -> list[Bridge]:
        return _bridges.decode((await self._command("GET", ("bridges",))).message_body)

    async def destroy_bridge(self, bridge: str) -> None:
        await self._if_there("DELETE", ("bridges", bridge))

    async def put_object(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        """Make or change a PJSIP object (`endpoint`, `aor`, `auth`) in Asterisk's memory."""
        attributes = [{"attribute": key, "value": value} for key, value in fields.items()]
        await self._command(
            "PUT", ("asterisk", "config", "dynamic", "res_pjsip", kind, name), body={"fields": attributes}
        )

    async def delete_object(self, kind: str, name: str) -> None:
        await self._if_there("DELETE", ("asterisk", "config", "dynamic", "res_pjsip", kind, name))

    async def _if_there(self, method: str, path: tuple[str, ...], query: Mapping[str, str | int] | None = None) -> bool:
        try:
            await self._command(method, path, query)
        except AriError as error:
            if error.gone:
                return False
            raise
        return True
