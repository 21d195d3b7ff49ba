"""What our own processes show each other: a token, and beyond loopback a certificate as well, over TLS.

The certificate is one for the whole installation: each of its machines has it with its key, shows it, and trusts it and
no other. So nobody else gets as far as the token, and no name in it matters.
"""

import ssl
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path


@dataclass(frozen=True)
class Key:
    """`certificate` and its key `private` (PEM): None, when all is on one machine."""

    token: str
    certificate: Path | None = None
    private: Path | None = None

    @cached_property
    def server(self) -> ssl.SSLContext:
        return self._context(ssl.PROTOCOL_TLS_SERVER)

    @cached_property
    def client(self) -> ssl.SSLContext:
        return self._context(ssl.PROTOCOL_TLS_CLIENT)

    def to(self, address: str) -> tuple[str, ssl.SSLContext | bool]:
        """How `host:port` is spoken to: "", in clear, or "s", over TLS; and whom to trust there."""
        if is_loopback(address):
            return "", True
        return "s", self.client if self.certificate else True  # without ours, nobody there is trusted

    def _context(self, protocol: int) -> ssl.SSLContext:
        if self.certificate is None or self.private is None:
            raise ValueError("beyond loopback a link needs the installation's certificate (machines.listen)")
        context = ssl.SSLContext(protocol)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.private)
        context.load_verify_locations(self.certificate)
        return context


def key(given: Key | str) -> Key:
    """A token alone is enough on one machine."""
    return given if isinstance(given, Key) else Key(given)


def is_loopback(address: str) -> bool:
    """Of `host:port`, the host an address."""
    return ip_address(address.rpartition(":")[0].strip("[]")).is_loopback
