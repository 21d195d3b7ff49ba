"""Web services that flows ask (`http`). Every answer is bounded, and only hosts that the settings allow are asked.

A flow's file is written by people who do not run the machine, so what it names is not trusted: the address is resolved
here, once, and the connection goes to that address and no other (a name that is resolved twice can change its mind);
an address that is not public is refused unless the settings name the host as `private`. No redirect is followed.
"""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from ivr.flow import words

log = logging.getLogger(__name__)

LARGEST = 16 * 1024  # bytes of an answer: what a flow keeps travels with the state of its call
CHUNK = 4096


class Refused(Exception):
    """A service that may not be asked; the message says what the settings would have to name."""


class Services:
    """`allow`: hosts that may be asked; `private`: those of them that may have an address that is not public. A host
    may be given with a port. `secret(name)` is the value of a secret, or raises KeyError."""

    def __init__(self, allow: Collection[str], private: Collection[str], secret: Callable[[str], str]) -> None:
        self._allow, self._private, self._secret = frozenset(allow), frozenset(private), secret
        self._http: aiohttp.ClientSession | None = None

    async def ask(self, asked: words.Http) -> words.HttpReply:
        """Never raises, and never takes longer than `asked.timeout`."""
        try:
            async with asyncio.timeout(asked.timeout):
                return await self._ask(asked)
        except TimeoutError:
            return words.HttpReply(asked.id, 0, None, "timeout")
        except Refused as error:
            log.error("%s", error)
            return words.HttpReply(asked.id, 0, None, "refused")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.warning("a web service could not be asked: %s", type(error).__name__)
            return words.HttpReply(asked.id, 0, None, "unreachable")

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _ask(self, asked: words.Http) -> words.HttpReply:
        url = urlsplit(asked.url)
        host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        names = {host, f"{host}:{port}"}
        if url.scheme not in ("http", "https") or not names & self._allow:
            raise Refused(f"the flow asks {url.scheme}://{host}:{port}, which is not in http.allow of the settings")
        private = bool(names & self._private)
        if _is_address(host) and not private and not _public(host):
            raise Refused(f"{host} is no public address; name it in http.private of the settings if it is meant")
        headers = dict(asked.headers)
        for header, name in asked.secret_headers.items():
            try:
                headers[header] = self._secret(name)
            except KeyError:
                raise Refused(f"the secret '{name}' of header {header} is not set") from None
        if self._http is None:
            connector = aiohttp.TCPConnector(resolver=_Resolver(self._private), use_dns_cache=False, limit=100)
            # Nothing is unpacked: a few bytes could become gigabytes.
            self._http = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"Accept-Encoding": "identity", "User-Agent": "Numero Nero"},
            )
        body = None if asked.json is None else msgspec.json.encode(asked.json)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        request = self._http.request(asked.method, asked.url, data=body, headers=headers, allow_redirects=False)
        async with request as response:
            data = await _bounded(response)
            if data is None:
                return words.HttpReply(asked.id, 0, None, "too large")
            return words.HttpReply(asked.id, response.status, _body(data))


class _Resolver(AbstractResolver):
    """The system's names, less the addresses that are not public."""

    def __init__(self, private: Collection[str]) -> None:
        self._private, self._system = private, aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        if {host, f"{host}:{port}"} & set(self._private):
            return found
        public = [one for one in found if _public(one["host"])]
        if not public:
            raise Refused(f"{host} has no public address; name it in http.private of the settings if that is meant")
        return public

    async def close(self) -> None:
        await self._system.close()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _public(address: str) -> bool:
    """Whether an address is one of the internet's, and not of this machine or house."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_global) and not parsed.is_multicast


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole answer, or None when it is larger than LARGEST: the rest is not read."""
    data = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > LARGEST:
            response.close()
            return None
    return bytes(data)


def _body(data: bytes) -> Any:
    """JSON if it is JSON, else text, without what it would take to break a flow's state."""
    try:
        return msgspec.json.decode(data) if data else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return data.decode("utf-8", "replace")
