"""The anonymised copy of a recording, made by whoever has claimed it (`ivr/store/anonymisations.py`).

The order makes a crash harmless at any point: the sealed copy (whole, synced) under a name that no other try has, read
back and compared; its key, what was covered and the end of the job, in one transaction; and only then the files of
former tries go. Until that transaction reviewers have the former copy, or none. The original is read twice or more,
opened block by block; it never lies open on a disk.
"""

import hashlib
import logging
import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from anonymizer import PROFILES, NotAnonymised, Pcm, Profile, SoundError, Speech, Spoken, anonymize, to_pcm
from anonymizer.speech import LANGUAGES, NotRecognised, Recogniser
from anonymizer.speech.known import hints_of
from anonymizer.verifier import Verifier
from ivr.problem import Problem
from ivr.store import anonymisations
from ivr.store.anonymisations import Claim
from ivr.store.database import Database, StoreError
from ivr.store.schema import Call, Operator, RecordingKey
from recordings import wav
from recordings.keys.ring import ANONYMISED, KeyProblem
from recordings.reader import Reader, whole
from recordings.sealed import Damaged
from recordings.stores import NotStored, StorageError
from recordings.vault import Forgotten, Vault, stored_name

log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 600.0
WHILE_AWAY = 60.0  # seconds between tries while the store, or a key, cannot be had
RENEW = 15.0
# Who takes longer hangs: in the midst of a library nobody can stop it but by ending the process.
PATIENCE, PATIENCE_A_SECOND = 600.0, 20.0

# What may go wrong, in a word for the pages; the first that fits. `away` is not the recording's fault.
PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (Forgotten, "no-original"),
    (NotStored, "no-original"),
    (Damaged, "damaged"),
    (SoundError, "sound"),
    (NotRecognised, "speech"),
    (NotAnonymised, "check"),
    (StorageError, "away"),
    (KeyProblem, "away"),
    (StoreError, "away"),
)


class Stopped(Exception):
    """This process is to end."""


class Lost(Exception):
    """Somebody else has claimed the recording since, or it was deleted: what was made is no longer wanted."""


@dataclass(frozen=True)
class Terms:
    """As the settings say: `profile` where nobody asked for another; `destroy` the original when the copy is there;
    `recogniser` of what is said, None where there is none; `cover` False leaves what is said of people as it is, but in
    a copy that is spoken anew; `verifier` of who speaks, where it is installed."""

    profile: str = "clear"
    destroy: bool = False
    recogniser: Recogniser | None = None
    cover: bool = True
    verifier: Verifier | None = None


def make_next(database: Database, vault: Vault, terms: Terms, holder: str, stopping: Callable[[], bool]) -> bool:
    """Make the copy that is due, whatever comes of it; False: none is. What goes wrong is written down with the job,
    and logged. Raises StoreError when not even that can be done, and Stopped."""
    with database.transaction() as session:
        claim = anonymisations.claim(session, holder)
    if claim is None:
        return False
    about = {"recording": claim.recording_id, "call": claim.call_id}
    try:
        with _leased(database, claim) as is_lost:

            def go_on() -> None:
                if stopping():
                    raise Stopped
                if is_lost():
                    raise Lost

            report = _make(database, vault, terms, claim, go_on)
    except Stopped:
        with database.transaction() as session:
            anonymisations.release(session, claim)
        raise
    except Lost:
        log.warning("a copy that was being made is no longer wanted: another has it, or it was deleted", extra=about)
    except Exception as error:
        _put_off(database, claim, error)
    else:
        log.info("anonymised with %s: %.0f s of sound", report["profile"], report["seconds"], extra=about)
    return True


def pause(attempts: int, chance: float) -> float:
    """Seconds until the next try after so many; `chance` from 0 to 1 spreads those that failed together."""
    return min(FIRST_PAUSE * 2.0 ** (attempts - 1), LONGEST_PAUSE) * (0.5 + chance)


def problem_of(error: Exception) -> str:
    return next((word for kind, word in PROBLEMS if isinstance(error, kind)), "error")


def _make(database: Database, vault: Vault, terms: Terms, claim: Claim, go_on: Callable[[], None]) -> dict[str, Any]:
    """The run's report. Raises Lost, Stopped, and what PROBLEMS names; then nothing of it is left."""
    id, number = claim.recording_id, claim.number
    with database.read() as session:
        original = vault.open(session, id, claim.day)
        profile = _profile(claim, terms)
        wanted = terms.cover or isinstance(profile, Spoken)
        speech = _speech(session, terms.recogniser if wanted else None, claim.call_id)
    length = wav.length_within(original.size, claim.rate)
    if length is None:
        raise SoundError("the original is no WAV of ours")
    source = Pcm(lambda: _sound(original, length, go_on), claim.rate, wav.CHANNELS)
    run = anonymize(source, profile, speech=speech, verifier=terms.verifier)
    written = hashlib.sha256()

    def pieces() -> Iterator[bytes]:
        yield _told(written, wav.header(length, claim.rate))
        for block in run:
            go_on()
            yield _told(written, to_pcm(block))

    name = stored_name(claim.day, id, ANONYMISED, number)
    key = vault.put(name, id, ANONYMISED, pieces())
    try:
        kept = hashlib.sha256()
        for piece in whole(vault.read(name, id, ANONYMISED, key)):
            _told(kept, piece)
        if kept.digest() != written.digest():
            raise Damaged(f"{name}: what the store gives back is not what it was given")
        with database.transaction() as session:
            said = {"profile": run.report["profile"], "report": run.report, "destroy": terms.destroy}
            if not anonymisations.finish(session, claim, **said):
                raise Lost
            former = session.get(RecordingKey, (id, ANONYMISED))
            before = range(
                former.number if former else 1, number
            )  # of what was in place, and of tries that were cut off
            vault.keep(session, id, ANONYMISED, key, number)
    except StoreError:
        raise  # the transaction may have gone through: what no key opens goes with the next copy, or the purge
    except Exception:
        _remove(vault, [name])
        raise
    _remove(vault, [stored_name(claim.day, id, ANONYMISED, one) for one in before])
    return run.report


def _speech(session: Session, recogniser: Recogniser | None, call_id: str) -> Speech | None:
    """What is known of the call helps: its language, the caller's number, the operator's name, and what the flow and
    the operator put into its ticket."""
    if recogniser is None:
        return None
    call = session.get_one(Call, call_id)
    language = call.language if call.language in LANGUAGES else None
    operator = session.get(Operator, call.operator)
    known = [text for text in (call.caller, operator.name if operator else "") if text]
    fields = {name: str(value) for name, value in call.ticket.get("fields", {}).items()}
    return Speech(recogniser, language, known + hints_of(fields, call.note, language))


def _remove(vault: Vault, names: Sequence[str]) -> None:
    """Files that no key opens."""
    try:
        for name in names:
            vault.store.delete(name)
    except StorageError as error:
        log.warning("a copy that nobody can open is left until the recording is deleted: %s", error)


def _profile(claim: Claim, terms: Terms) -> Profile:
    wanted = claim.profile or terms.profile
    if wanted not in PROFILES:
        raise Problem(f"there is no profile {wanted}: ask for another with `ivr recordings anonymize`")
    return PROFILES[wanted]


def _sound(original: Reader, length: int, go_on: Callable[[], None]) -> Iterator[bytes]:
    original.seek(original.size - length)
    for piece in whole(original):
        go_on()
        yield piece


def _told(digest: "hashlib._Hash", piece: bytes) -> bytes:
    digest.update(piece)
    return piece


def _put_off(database: Database, claim: Claim, error: Exception) -> None:
    word, counts = problem_of(error), True
    seconds = pause(claim.attempts, random.random())  # noqa: S311 nothing secret
    if word == "away":
        counts, seconds = False, WHILE_AWAY * (0.5 + random.random())  # noqa: S311
    text = str(error) if isinstance(error, Problem | SoundError | NotAnonymised) else f"{type(error).__name__}: {error}"
    log.error(
        "a recording could not be anonymised, attempt %d: %s",
        claim.attempts,
        text,
        exc_info=error if word == "error" else None,
        extra={"recording": claim.recording_id, "call": claim.call_id},
    )
    with database.transaction() as session:
        anonymisations.put_off(session, claim, word, text, seconds, counts=counts)


@contextmanager
def _leased(database: Database, claim: Claim) -> Iterator[Callable[[], bool]]:
    """Renew the lease meanwhile; gives whether it was lost. Who hangs is ended, so that another can begin."""
    over, lost = threading.Event(), threading.Event()
    patience = PATIENCE + PATIENCE_A_SECOND * claim.seconds

    def renew() -> None:
        for _ in range(int(patience / RENEW)):
            if over.wait(RENEW):
                return
            try:
                with database.transaction() as session:
                    if not anonymisations.renew(session, claim):
                        lost.set()
                        return
            except StoreError as error:
                log.warning("a lease could not be renewed: %s", error, extra={"recording": claim.recording_id})
        log.error("an anonymiser hangs and is ended", extra={"recording": claim.recording_id})
        os._exit(1)

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield lost.is_set
    finally:
        over.set()
        keeper.join()
