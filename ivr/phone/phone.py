"""One phone: one baresip process, told what to do over its control socket (netstrings of JSON on loopback)."""

import asyncio
import ctypes
import json
import re
import signal
import socket
import wave
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import soundfile
import soxr

from asterisk_conf.tree import Tree
from ivr.problem import Problem

RATE, WIDE_RATE = 8000, 16000
# A key is held and followed by a pause, as a finger does it.
KEY_PAUSE = 0.25
START = 20.0  # seconds; many start at once on a busy machine
STARTS = 4
REGISTRATION = 600  # seconds
TALK_TAIL = 600  # seconds of silence after what is said, so that the source does not end during a call


class PhoneError(Problem):
    """The phone cannot do what was asked; the message says why."""


@dataclass(frozen=True)
class Account:
    """`user` is the number or account in our From; `register` with `password`, or call without being known.

    `listen`: the SIP port of our own to be called at; any that is free when it is 0. `early`: a call that comes in is
    promised sound at once (183 with early media), which is no answer. `wideband`: G.722 is what it would rather speak.
    `encrypted`: by TLS, whoever vouches for the certificate, and with SRTP alone.
    """

    user: str
    host: str
    port: int
    password: str | None = None
    register: bool = False
    listen: int = 0
    early: bool = False
    wideband: bool = False
    encrypted: bool = False

    @property
    def rate(self) -> int:
        """Hz of what it says and hears."""
        return WIDE_RATE if self.wideband else RATE


@dataclass(frozen=True)
class Event:
    """`type` as baresip names it without its CALL_ prefix: INCOMING, RINGING, ESTABLISHED, CLOSED, REGISTER_OK …"""

    type: str
    reason: str = ""
    peer: str = ""


class Phone:
    """Use as `async with`. `folder` is the phone's own, for its configuration and sound."""

    def __init__(self, tree: Tree, account: Account, *, folder: Path, talk: Path | None = None) -> None:
        self._tree, self._account, self._folder, self._talk = tree, account, folder, talk
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._refused = ""
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> Self:
        for left in reversed(range(STARTS)):
            try:
                await self._start()
                break
            except PhoneError as error:
                # Several phones may choose their ports at the same time.
                if not left or self._account.listen or "Address already in use" not in str(error):
                    raise
        return self

    async def _start(self) -> None:
        sip, control = _free_ports()
        self._configure(self._account.listen or sip, control)
        with (self._folder / "baresip.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._tree.argv("baresip", "-f", str(self._folder)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                preexec_fn=_die_with_parent,
            )
        try:
            async with asyncio.timeout(START):
                self._reader, self._writer = await self._connect(control)
        except TimeoutError:
            await self.__aexit__()
            told = (self._folder / "baresip.log").read_text("utf-8", "replace")
            tail = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", told).split())[-300:]  # without its colours
            raise PhoneError(f"the robot phone did not start: {tail}") from None
        self._tasks.append(asyncio.create_task(self._read()))

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()  # it says BYE and unregisters
        try:
            async with asyncio.timeout(4):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            with suppress(ConnectionRefusedError):
                return await asyncio.open_connection("127.0.0.1", port)
            if self._process and self._process.returncode is not None:
                raise TimeoutError
            await asyncio.sleep(0.05)

    async def registered(self, within: float) -> None:
        """Wait until the registrar has taken us. Raises PhoneError.

        Asked again and again: baresip registers while it starts, before it could tell us.
        """
        told = ""
        try:
            async with asyncio.timeout(within):
                while "OK" not in told:
                    if self._refused:
                        raise PhoneError(f"the registration of {self._account.user} was refused: {self._refused}")
                    while not self._answers.empty():
                        self._answers.get_nowait()
                    await self._command("reginfo")
                    told = await self._answers.get()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise PhoneError(f"{self._account.user} could not register within {within:g} s") from None

    async def dial(self, number: str) -> None:
        self._forget()
        transport = ";transport=tls" if self._account.encrypted else ""
        await self._command("dial", f"sip:{number}@{self._account.host}:{self._account.port}{transport}")

    async def answer(self) -> None:
        await self._command("accept")

    async def hangup(self) -> None:
        await self._command("hangup")

    async def press(self, keys: str) -> None:
        """Keys as RFC 4733 events; a comma waits one second."""
        for key in keys:
            if key == ",":
                await asyncio.sleep(1)
            else:
                await self._command("sndcode", key)
                await asyncio.sleep(KEY_PAUSE)

    async def wait_for(self, *types: str, within: float | None = None) -> Event:
        """The next event of one of these types; others are passed over. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while True:
                event = await self._events.get()
                if event.type in types:
                    return event

    @property
    def heard(self) -> Path:
        """A WAV of what was heard in the last call; whole once the call is closed."""
        return self._dump("dec")

    @property
    def said(self) -> Path:
        """A WAV of what was said in the last call."""
        return self._dump("enc")

    def _dump(self, direction: str) -> Path:
        files = sorted(self._folder.glob(f"dump-*-{direction}.wav"), key=lambda path: path.stat().st_mtime)
        if not files:
            raise PhoneError("there was no call with sound")
        return files[-1]

    def _forget(self) -> None:
        while not self._events.empty():
            self._events.get_nowait()

    async def _command(self, command: str, params: str = "") -> None:
        message = json.dumps({"command": command, "params": params}).encode()
        self._writer.write(b"%d:%s," % (len(message), message))
        await self._writer.drain()

    async def _read(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
            while True:
                length = int((await self._reader.readuntil(b":"))[:-1])
                self._take(json.loads(await self._reader.readexactly(length)))
                await self._reader.readexactly(1)
        self._events.put_nowait(Event("CLOSED", "the phone has ended"))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("response"):
            self._answers.put_nowait(str(message.get("data", "")))
            return
        event = Event(
            str(message.get("type", "")).removeprefix("CALL_"),
            str(message.get("param", "")),
            str(message.get("peeruri", "")),
        )
        if event.type == "REGISTER_FAIL":
            self._refused = event.reason
        self._events.put_nowait(event)

    def _configure(self, sip: int, control: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        sound = self._folder / "said.wav"
        account = self._account
        _prepare(self._talk, sound, account.rate)
        address = f"sip:{account.user}@{account.host}:{account.port};transport={'tls' if account.encrypted else 'udp'}"
        options = [
            f"regint={REGISTRATION if account.register else 0}",
            f"audio_codecs={'G722/16000/1,' if account.wideband else ''}PCMA/8000/1,PCMU/8000/1",
            "dtmfmode=rtpevent",
        ]
        if account.encrypted:
            options.append("mediaenc=srtp-mand")
        if account.early:
            options.append("answermode=early")
        if account.password:
            options += [f"auth_user={account.user}", f"auth_pass={account.password}"]
        (self._folder / "accounts").write_text(f"<{address}>;{';'.join(options)}\n", "utf-8")
        (self._folder / "accounts").chmod(0o600)
        (self._folder / "contacts").touch()
        modules = "\n".join(f"module {name}.so" for name in ("aufile", "sndfile", "g711", "g722", "srtp"))
        applications = "\n".join(f"module_app {name}.so" for name in ("account", "menu", "ctrl_tcp"))
        (self._folder / "config").write_text(
            f"""sip_listen 127.0.0.1:{sip}
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 4
audio_player aufile,{self._folder / "played.wav"}
audio_source aufile,{sound}
audio_alert aufile,{self._folder / "alert.wav"}
ausrc_srate {account.rate}
auplay_srate {account.rate}
ausrc_channels 1
auplay_channels 1
ausrc_format s16
auplay_format s16
auenc_format s16
audec_format s16
audio_buffer 20-160
audio_telev_pt 101
rtp_ports 32768-60998
rtp_timeout 0
module_path {self._tree.phone_modules}
{modules}
{applications}
module_tmp uuid.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {self._folder}
""",
            "utf-8",
        )


def _prepare(talk: Path | None, path: Path, to: int) -> None:
    """What the phone says: mono, `to` Hz, then silence for as long as a call may last."""
    samples = np.zeros(0, dtype=np.float32)
    if talk is not None:
        try:
            given, rate = soundfile.read(talk, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise PhoneError(f"{talk}: {error.error_string}") from error
        samples = soxr.resample(given.mean(axis=1), rate, to)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(to)
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        sound.writeframes(bytes(2 * to * TALK_TAIL))


def _free_ports() -> tuple[int, int]:
    """A SIP port (UDP and TCP) and a control port; the port after SIP's is baresip's for TLS."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
            socket.socket() as tcp,
            socket.socket() as tls,
            socket.socket() as control,
            suppress(OSError),
        ):
            sip.bind(("127.0.0.1", 0))
            port = sip.getsockname()[1]
            tcp.bind(("127.0.0.1", port))
            tls.bind(("127.0.0.1", port + 1))
            control.bind(("127.0.0.1", 0))
            return port, control.getsockname()[1]


def _die_with_parent() -> None:
    """A phone whose owner is killed hangs up with it (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
