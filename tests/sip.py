"""SIP by hand: a user agent whose every message a test writes itself, over UDP or any socket that is given."""

import hashlib
import re
import secrets
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Self

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Message:
    """`start`: the first line. Of a header that comes several times the first counts; names are in small letters."""

    start: str
    headers: dict[str, str]
    body: str

    @property
    def status(self) -> int:
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0


def read(data: bytes) -> Message:
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return Message(start, headers, body)


@dataclass
class Agent:
    """`own`: the address that it comes from, `user`: in its From; by UDP, or by TLS with `tls`. Use it as `with`."""

    port: int
    user: str = "+390612345678"
    own: str = LOOPBACK
    password: str = ""
    tls: ssl.SSLContext | None = None
    _number: int = field(default=0, repr=False)

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM if self.tls else socket.SOCK_DGRAM)
        self._socket.bind((self.own, 0))
        self._socket.connect((LOOPBACK, self.port))
        if self.tls:
            self._socket = self.tls.wrap_socket(self._socket, server_hostname=LOOPBACK)
        self.at = f"{self.own}:{self._socket.getsockname()[1]}"
        self._tag = secrets.token_hex(4)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def sdp(self, media: str = "RTP/AVP 8") -> str:
        return "\r\n".join(
            ("v=0", f"o=- 1 1 IN IP4 {self.own}", "s=-", f"c=IN IP4 {self.own}", "t=0 0", f"m=audio 9 {media}", "")
        )

    def text(self, method: str, to: str, *more: str, call: str, to_tag: str = "", body: str = "") -> str:
        """A request as it goes out. `to`: a number, or a whole address (`sip:…`)."""
        uri = to if to.startswith("sip:") else f"sip:{to}@{LOOPBACK}:{self.port}"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{'TLS' if self.tls else 'UDP'} {self.at};rport;branch=z9hG4bK{secrets.token_hex(8)}",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.at}>;tag={self._tag}",
            f"To: <{uri}>{to_tag}",
            f"Call-ID: {call}",
            f"CSeq: {self._number} {method}",
            *(() if any(line.startswith("Contact:") for line in more) else (f"Contact: <sip:{self.user}@{self.at}>",)),
            *more,
            *(("Content-Type: application/sdp",) if body else ()),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", body])

    def ask(self, method: str, to: str, *more: str, body: str = "", within: float = 6.0) -> Message:
        """The final answer; a challenge is met once when there is a password. A call that is answered is ended."""
        call = secrets.token_hex(8)
        answer = self._once(method, to, *more, call=call, body=body, within=within)
        if answer.status == 401 and self.password:
            proof = self._proof(method, to, answer.headers["www-authenticate"])
            answer = self._once(method, to, *more, proof, call=call, body=body, within=within)
        if method == "INVITE" and answer.status == 200:
            tag = ";tag=" + answer.headers["to"].rpartition(";tag=")[2]
            self.send(self.text("ACK", to, call=call, to_tag=tag))
            self._number += 1
            self.send(self.text("BYE", to, call=call, to_tag=tag))
        return answer

    def _once(self, method: str, to: str, *more: str, call: str, body: str, within: float) -> Message:
        self._number += 1
        self.send(self.text(method, to, *more, call=call, body=body))
        while True:
            answer = self.receive(within)
            if answer.headers.get("cseq") != f"{self._number} {method}" or answer.headers.get("call-id") != call:
                continue
            if answer.status >= 200:
                if method == "INVITE" and answer.status >= 300:
                    self.send(self.text("ACK", to, call=call, to_tag=""))
                return answer

    def send(self, message: str | bytes) -> None:
        self._socket.send(message.encode() if isinstance(message, str) else message)

    def receive(self, within: float) -> Message:
        """Raises TimeoutError."""
        self._socket.settimeout(within)
        return read(self._socket.recv(65536))

    def _proof(self, method: str, to: str, challenge: str) -> str:
        """RFC 2617, with qop."""
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        uri = to if to.startswith("sip:") else f"sip:{to}@{LOOPBACK}:{self.port}"
        ours = _md5(f"{self.user}:{given['realm']}:{self.password}")
        answer = _md5(f"{ours}:{given['nonce']}:00000001:abc:auth:{_md5(f'{method}:{uri}')}")
        return (
            f'Authorization: Digest username="{self.user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{answer}", algorithm=MD5, qop=auth, nc=00000001, cnonce="abc"'
            + (f', opaque="{given["opaque"]}"' if "opaque" in given else "")
        )


class Listener:
    """A SIP port that only notes what comes: where a call must not go. `with Listener() as outside`."""

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self.at = f"{LOOPBACK}:{self._socket.getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def heard(self, within: float) -> list[str]:
        """First lines of all that comes in this time."""
        found, deadline = [], time.monotonic() + within
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                found.append(read(self._socket.recv(65536)).start)
            except TimeoutError:
                break
        return found


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
