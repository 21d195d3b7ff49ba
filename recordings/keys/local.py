"""A KEK that is in our memory while it is used. It wraps with AES-256-GCM and not with RFC 3394's key wrap, which
cannot bind a wrapped key to its recording. Nonces are 96 random bits: good for 2³² data keys (NIST SP 800-38D)."""

import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from recordings.keys.ring import KeyProblem

SIZE, NONCE = 32, 12


@dataclass(frozen=True)
class Local:
    id: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, id: str, digits: str, where: str) -> "Local":
        """From 64 hex digits; `where` they stand is for the message."""
        try:
            key = bytes.fromhex(digits)
        except ValueError:
            key = b""
        if len(key) != SIZE:
            raise KeyProblem(f"{where}: a key is {2 * SIZE} hex digits, as `openssl rand -hex {SIZE}` makes them")
        return cls(id, key)

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self.key).encrypt(nonce, key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        try:
            return AESGCM(self.key).decrypt(wrapped[:NONCE], wrapped[NONCE:], bound)
        except (InvalidTag, ValueError):
            raise KeyProblem(
                f"the key {self.id} does not open the data key of {bound.decode()}: it is not the key of that name "
                "that wrapped it, or the row was altered; restore the one or the other from the backup"
            ) from None
