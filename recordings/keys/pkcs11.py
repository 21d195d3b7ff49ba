"""KEKs that never leave a hardware security module: PKCS#11 (OASIS), the port that such modules and many key management
systems have. Each is an AES key of 256 bits on one token, its label the KEK's name, sensitive and not extractable.

The token wraps by CKM_AES_GCM, in the same form as a KEK of ours: so a key that is imported into it may keep its name.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass, PKCS11Error

from recordings.keys.local import NONCE, SIZE
from recordings.keys.ring import Kek, KeyProblem, copy_of

SECRET = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}


class Token:
    """`module` is the library that the module's maker gives; `token` its label. One session is kept: a thread at a time
    uses it, and after an error there is a new one."""

    def __init__(self, module: Path, token: str, pin: str) -> None:
        self._module, self._token, self._pin = module, token, pin
        self.name = f"token {token}"
        self._lock = Lock()
        self._open: pkcs11.Session | None = None

    def ids(self) -> list[str]:
        with self._session("its keys cannot be listed") as session:
            labels = [str(key[Attribute.LABEL]) for key in session.get_objects(SECRET)]
        return [label for label in labels if copy_of(label)]

    def get(self, id: str) -> Kek:
        return OnToken(id, self)

    def make(self, id: str) -> None:
        kept = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        with self._session(f"the key {id} cannot be made") as session:
            session.generate_key(KeyType.AES, 8 * SIZE, label=id, store=True, template=kept)

    def remove(self, id: str) -> None:
        with self._session(f"the key {id} cannot be removed") as session:
            _key(session, id).destroy()

    def encrypt(self, id: str, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        with self._session(f"the key {id} wraps nothing") as session:
            return bytes(
                _key(session, id).encrypt(text, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, bound))
            )

    def decrypt(self, id: str, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        with self._session(f"the key {id} does not open the data key of {bound.decode()}") as session:
            return bytes(
                _key(session, id).decrypt(text, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, bound))
            )

    def close(self) -> None:
        """A process is signed in at a token once, so another `Token` of it can be opened only then."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._open is not None:
            with suppress(PKCS11Error):
                self._open.close()
        self._open = None

    @contextmanager
    def _session(self, what: str) -> Iterator[pkcs11.Session]:
        with self._lock:
            try:
                if self._open is None:
                    token = pkcs11.lib(str(self._module)).get_token(token_label=self._token)
                    self._open = token.open(rw=True, user_pin=self._pin)
                yield self._open
            except PKCS11Error as error:
                self._close()
                # Most have no text of their own.
                why = f"{type(error).__name__} {error}".strip()
                raise KeyProblem(f"{self.name} ({self._module}): {what}: {why}") from error


@dataclass(frozen=True)
class OnToken:
    id: str
    token: Token

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self.token.encrypt(self.id, nonce, key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        return self.token.decrypt(self.id, wrapped[:NONCE], wrapped[NONCE:], bound)


def _key(session: pkcs11.Session, id: str) -> Any:
    return session.get_key(object_class=ObjectClass.SECRET_KEY, key_type=KeyType.AES, label=id)
