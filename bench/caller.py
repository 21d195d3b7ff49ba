"""A small SIP caller for load: INVITE, RTP, one key by RFC 4733, BYE. On loopback only.

Each call says when it was begun and when the first RTP packet with sound came.
"""

import asyncio
import random
import re
import socket
import struct
import time
from dataclasses import dataclass, field

PCMA, EVENTS = 8, 101
KEY_AFTER = 0.6  # seconds after the answer


@dataclass
class Result:
    begun: float
    caller: str = ""
    first_audio: float | None = None
    answered_at: float | None = None
    ended_by_them: bool = False
    status: int = 0  # of the final answer, if any
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def answered(self) -> bool:
        return self.answered_at is not None


class _Ear:
    """Where a call's sound comes to. What comes after the first packet with sound is left to the kernel, which drops
    it: a thousand callers who listened on would take more than what they measure."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.bind(("127.0.0.1", 0))
        asyncio.get_running_loop().add_reader(self.socket, self._hear)

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def _hear(self) -> None:
        data = self.socket.recv(2048)
        # The first packet that is not all silence (A-law silence is 0xD5).
        if len(data) > 12 and data[1] & 0x7F == PCMA and set(data[12:]) - {0xD5, 0x55}:
            self._result.first_audio = time.monotonic()
            asyncio.get_running_loop().remove_reader(self.socket)

    def send(self, data: bytes, port: int) -> None:
        if self.socket.fileno() != -1:  # the call may be over
            self.socket.sendto(data, ("127.0.0.1", port))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket)
        self.socket.close()


_Way = tuple[str, str]


def _way(answer: str) -> _Way:
    """Where what is said in the dialog goes to (Contact), and by whom (Record-Route): a proxy is one that stays."""
    contact = re.search(r"^Contact: *<?([^>\s]+)", answer, re.M | re.I)
    routes = re.findall(r"^Record-Route: *(.*?)\r?$", answer, re.M | re.I)
    return contact[1] if contact else "", "".join(f"Route: {one}\r\n" for one in reversed(routes))


class Caller(asyncio.DatagramProtocol):
    """One UDP socket, many calls; `most` of them at a time."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._calls: dict[str, tuple[Result, dict[str, str], _Ear]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.most = 0

    async def open(self) -> "Caller":
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._port = self._transport.get_extra_info("sockname")[1]
        return self

    async def call(self, number: str, key: str = "1", within: float = 30) -> Result:
        """Each call comes from another Italian number, as in life."""
        result = Result(time.monotonic())
        ear = _Ear(result)
        call_id = f"{random.getrandbits(64):x}@bench"
        values = {
            "id": call_id,
            "number": number,
            "caller": f"+3906{random.randrange(10**7, 10**8)}",
            "tag": f"{random.getrandbits(32):x}",
            "key": key,
        }
        result.caller = values["caller"]
        self._calls[call_id] = (result, values, ear)
        self.most = max(self.most, len(self._calls))
        sdp = (
            f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {ear.port} RTP/AVP {PCMA} {EVENTS}\r\na=rtpmap:{EVENTS} telephone-event/8000\r\n"
        )
        result.begun = time.monotonic()
        self._send("INVITE", values, 1, "", sdp)
        try:
            async with asyncio.timeout(within):
                await result.done.wait()
        except TimeoutError:
            pass
        finally:
            del self._calls[call_id]
            ear.close()
        return result

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if data[0] >= 0x80:  # RTP to a port that was an earlier call's
            return
        text = data.decode()
        found = re.search(r"^Call-ID: *(\S+)", text, re.M | re.I)
        entry = self._calls.get(found[1]) if found else None
        if text.startswith("BYE"):
            headers = re.findall(r"^(?:Via|Record-Route|From|To|Call-ID|CSeq):.*$", text, re.M | re.I)
            reply = "\r\n".join(["SIP/2.0 200 OK", *(line.strip() for line in headers), "Content-Length: 0", "", ""])
            self._transport.sendto(reply.encode(), self._server)
            if entry:
                entry[0].ended_by_them = True
                entry[0].done.set()
        elif (
            entry and text.startswith("SIP/2.0") and "INVITE" in (re.search(r"^CSeq:.*$", text, re.M | re.I) or [""])[0]
        ):
            status = int(text.split()[1])
            if status >= 200:
                entry[0].status = status
                to = re.search(r"^To: *(.*?)\r?$", text, re.M | re.I)
                self._send("ACK", entry[1], 1, to[1] if to else "", way=_way(text) if status < 300 else None)
                if status >= 300:
                    entry[0].done.set()
                elif not entry[0].answered:
                    entry[0].answered_at = time.monotonic()
                    media = re.search(r"^m=audio (\d+)", text, re.M)
                    task = asyncio.ensure_future(_press(entry[2], int(media[1]) if media else 0, entry[1]["key"]))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)

    def _send(
        self, method: str, values: dict[str, str], cseq: int, to: str, body: str = "", way: _Way | None = None
    ) -> None:
        """`way`: of what is said in a dialog. The ACK of a refusal has none, and is of the INVITE's transaction."""
        target = f"sip:{values['number']}@127.0.0.1:{self._server[1]}"
        uri, routes = way or (target, "")
        branch = values["tag"] + (method if way else "INVITE")
        self._transport.sendto(
            (
                f"{method} {uri} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch=z9hG4bK{branch}\r\n{routes}"
                f"From: <sip:{values['caller']}@127.0.0.1>;tag={values['tag']}\r\nTo: {to or f'<{target}>'}\r\n"
                f"Call-ID: {values['id']}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n"
                f"Contact: <sip:bench@127.0.0.1:{self._port}>\r\n"
                + ("Content-Type: application/sdp\r\n" if body else "")
                + f"Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
            self._server,
        )


async def _press(ear: _Ear, port: int, key: str) -> None:
    """RFC 4733: 100 ms of key, its end told three times."""
    await asyncio.sleep(KEY_AFTER)
    stamp, source = random.getrandbits(31), random.getrandbits(31)
    for number in range(8):
        end = 0x80 if number >= 5 else 0
        header = struct.pack("!BBHII", 0x80, EVENTS | (0x80 if number == 0 else 0), number, stamp, source)
        ear.send(header + struct.pack("!BBH", int(key), end | 10, min(number + 1, 6) * 160), port)
        await asyncio.sleep(0.02)


async def load(caller: Caller, number: str, per_second: float, calls: int, within: float = 30) -> list[Result]:
    """`calls` calls, evenly spaced."""
    tasks, begun = [], time.monotonic()
    for index in range(calls):
        await asyncio.sleep(max(0.0, begun + index / per_second - time.monotonic()))
        tasks.append(asyncio.create_task(caller.call(number, within=within)))
    return list(await asyncio.gather(*tasks))
