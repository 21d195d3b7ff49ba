"""Keys on a token of PKCS#11: real SoftHSM."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass

from ivr.cli.vault import open_vault
from ivr.settings import load
from ivr.store.database import Database
from recordings.ingest import ingest
from recordings.keys.pkcs11 import Token
from recordings.keys.ring import ANONYMISED, ORIGINAL, KeyProblem, Ring
from recordings.keys.rotation import listed, remove, rewrap
from recordings.reader import whole
from tests import softhsm
from tests.recordings.conftest import MORNING, ROME, add_call
from tests.recordings.spooled import spooled
from tests.softhsm import LABEL, PIN, Soft

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soft]:
    with softhsm.token(tmp_path_factory.mktemp("softhsm")) as one:
        yield one


@pytest.fixture
def token(soft: Soft) -> Iterator[Token]:
    """An empty one."""
    one = Token(soft.module, LABEL, PIN)
    yield one
    for id in one.ids():
        one.remove(id)
    one.close()


def test_it_wraps_and_its_keys_stay_in_it(soft: Soft, token: Token) -> None:
    ring = Ring([token])
    kek = ring.current(ORIGINAL)
    assert token.ids() == [kek.id] and ring.current(ORIGINAL).id == kek.id
    wrapped = kek.wrap(KEY, b"call-1")
    assert len(wrapped) == 60 and KEY not in wrapped and kek.wrap(KEY, b"call-1") != wrapped
    token.close()
    assert Ring([token]).get(kek.id).unwrap(wrapped, b"call-1") == KEY
    token.close()
    with pkcs11.lib(str(soft.module)).get_token(token_label=LABEL).open() as session:
        assert list(session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})) == [], "nothing without the PIN"


def test_what_was_wrapped_opens_only_as_it_was(token: Token) -> None:
    ring = Ring([token])
    one, other = ring.current(ORIGINAL), ring.current(ANONYMISED)
    wrapped = one.wrap(KEY, b"call-1")
    for kek, given, bound in ((one, wrapped, b"call-2"), (other, wrapped, b"call-1"), (one, wrapped[:-1], b"call-1")):
        with pytest.raises(KeyProblem, match=f"{kek.id} does not open the data key of {bound.decode()}"):
            kek.unwrap(given, bound)
    assert one.unwrap(wrapped, b"call-1") == KEY, "after an error there is a new session"


def test_many_threads(token: Token) -> None:
    kek, opened = Ring([token]).current(ORIGINAL), list[bytes]()

    def use(number: int) -> None:
        bound = str(number).encode()
        opened.extend(kek.unwrap(kek.wrap(KEY, bound), bound) for _ in range(20))

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [KEY] * 160


@pytest.mark.parametrize(
    ("module", "label", "pin", "why"),
    [
        ("", LABEL, "999999", "PinIncorrect"),
        ("", "none", PIN, "NoSuchToken"),
        ("/nowhere/module.so", LABEL, PIN, "cannot open shared object file"),
    ],
)
def test_what_is_wrong_is_said_and_never_the_pin(soft: Soft, module: str, label: str, pin: str, why: str) -> None:
    with pytest.raises(KeyProblem, match=f"token {label} .*{why}") as refused:
        Token(Path(module or soft.module), label, pin).ids()
    assert pin not in str(refused.value)


def test_keys_move_from_files_onto_a_token(
    database: Database, soft: Soft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the settings say it; the recording is not written anew."""
    monkeypatch.setenv("NUMERO_NERO_SECRET_PKCS11_PIN", PIN)
    files = open_vault(load(tmp_path, environment={}))
    add_call(database, "call")
    sound = bytes(range(256)) * 40
    assert ingest(database, files, spooled(tmp_path, "call-1", sound), ROME) == "call-1"
    old = files.ring.current(ORIGINAL).id

    given = {"KEYS": "pkcs11,files", "PKCS11__MODULE": str(soft.module), "PKCS11__TOKEN": LABEL}
    vault = open_vault(
        load(tmp_path, environment={f"NUMERO_NERO_RECORDINGS__{name}": text for name, text in given.items()})
    )
    new = vault.ring.make(ORIGINAL)
    done = rewrap(database, vault.ring, ORIGINAL)
    assert (done.kek, done.keys, done.problems) == (new, 1, [])
    remove(database, vault.ring, old, "anna")
    with database.read() as session:
        assert {(one.id, one.place, one.wraps) for one in listed(session, vault.ring)} == {(new, f"token {LABEL}", 1)}
        assert b"".join(whole(vault.open(session, "call-1", MORNING.date())))[44:] == sound
    place = vault.ring.places[0]
    assert isinstance(place, Token) and place.ids() == [new]
    place.remove(new)
    place.close()
