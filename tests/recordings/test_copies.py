"""Anonymised copies: each recording gets one, once, whoever is killed, stands still, or is in two places."""

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import func, select

from anonymizer import Whisper
from anonymizer.check import correlation
from anonymizer.sound import Samples
from ivr.store import anonymisations
from ivr.store.database import Database
from ivr.store.schema import Anonymisation, Call, Recording, RecordingKey
from recordings import belongings, review
from recordings.copies import Stopped, Terms, make_next, pause
from recordings.keys.ring import ANONYMISED, ORIGINAL
from recordings.reader import whole
from recordings.vault import Vault, stored_name
from tests.anonymizer.conftest import RATE, key, spoken
from tests.recordings.before import keep_before
from tests.recordings.conftest import MORNING, add_recording, folder_vault

DAY = MORNING.date()


CLEAR, STRONG = Terms("clear"), Terms("strong")


def make(
    database: Database, vault: Vault, terms: Terms = CLEAR, *, stopping: Callable[[], bool] = lambda: False
) -> bool:
    return make_next(database, vault, terms, "a test", stopping)


def job(database: Database, id: str) -> Anonymisation:
    with database.read() as session:
        return session.get_one(Anonymisation, id)


def standing(database: Database, id: str) -> review.Standing:
    with database.read() as session:
        return review.standing(session, id)


def heard(database: Database, vault: Vault, id: str, copy: str = ANONYMISED) -> tuple[np.ndarray, int]:
    with database.read() as session:
        wav = b"".join(whole(vault.open(session, id, DAY, copy)))
    sound: tuple[np.ndarray, int] = soundfile.read(io.BytesIO(wav), dtype="float32")
    return sound


def later(database: Database, id: str) -> None:
    """The pause before the next try, or the lease of who is at it, is over."""
    past = MORNING - timedelta(days=1)
    with database.transaction() as session:
        job = session.get_one(Anonymisation, id)
        job.due_at, job.held_until = past, job.held_until and past


def test_a_recording_waits_for_its_copy_and_gets_it_once(
    database: Database, vault: Vault, tmp_path: Path, talk: Samples
) -> None:
    sound = talk.copy()
    sound[RATE // 2 : RATE // 2 + 800, 0] = key((2, 1), 0.1)
    id = add_recording(database, vault, tmp_path / "spool", "call", sound)
    assert standing(database, id).state == "waiting"
    assert make(database, vault) and not make(database, vault)
    copy, rate = heard(database, vault, id)
    original, _ = heard(database, vault, id, ORIGINAL)
    assert (rate, copy.shape) == (RATE, original.shape) == (RATE, sound.shape)
    for before, after in zip(original.T, copy.T, strict=True):
        assert correlation(before, after, 200) < 0.5
    now = standing(database, id)
    assert (now.state, now.profile, now.problem) == ("there", "clear", "")
    ((span),) = now.covered
    assert span.kind == "key" and span.start <= 0.5 and span.end >= 0.6
    assert (job(database, id).attempts, job(database, id).holder, job(database, id).destroy) == (1, "", False)


def test_the_profile_is_the_settings_or_the_one_asked_for_and_the_former_copy_stays_until_then(
    database: Database, vault: Vault, tmp_path: Path, talk: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", talk)
    make(database, vault, STRONG)
    former, _ = heard(database, vault, id)
    with database.transaction() as session:
        anonymisations.want(session, [id], "clear")
    assert standing(database, id).profile == "strong"
    assert np.array_equal(heard(database, vault, id)[0], former)
    make(database, vault, STRONG)
    assert standing(database, id).profile == "clear"
    assert not np.array_equal(heard(database, vault, id)[0], former)
    assert set(vault.store.names()) == {stored_name(DAY, id, ORIGINAL), stored_name(DAY, id, ANONYMISED, 2)}
    with database.transaction() as session:
        anonymisations.want(session, [id])
    make(database, vault, STRONG)
    assert standing(database, id).profile == "strong", "as the settings say, once more"


def damaged(database: Database, vault: Vault, file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def gone(database: Database, vault: Vault, file: Path) -> None:
    file.unlink()


def without_key(database: Database, vault: Vault, file: Path) -> None:
    with database.transaction() as session:
        session.delete(session.get_one(RecordingKey, ("call-1", ORIGINAL)))


def no_wav(database: Database, vault: Vault, file: Path) -> None:
    key = vault.put(stored_name(DAY, "call-1", ORIGINAL), "call-1", ORIGINAL, [b"RIFF"])
    with database.transaction() as session:
        vault.keep(session, "call-1", ORIGINAL, key)


def too_fast(database: Database, vault: Vault, file: Path) -> None:
    """Sound that the anonymiser does not take."""
    with database.transaction() as session:
        session.get_one(Recording, "call-1").rate = 44100


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (damaged, "damaged"), (gone, "no-original"), (without_key, "no-original"), (no_wav, "sound"),
        (too_fast, "sound"),
    ],
)  # fmt: skip
def test_what_cannot_be_anonymised_is_tried_again_then_set_aside_with_its_reason_and_tried_when_asked_for(
    database: Database,
    vault: Vault,
    tmp_path: Path,
    hiss: Samples,
    harm: Callable[[Database, Vault, Path], None],
    problem: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)
    (file,) = (tmp_path / "kept").rglob("*.original")
    harm(database, vault, file)
    for attempt in range(1, anonymisations.MOST + 1):
        assert make(database, vault) and not make(database, vault), "there is a pause"
        now = job(database, id)
        assert (now.attempts, now.problem) == (attempt, problem) and now.last_error
        assert standing(database, id).problem == problem
        later(database, id)
    assert job(database, id).state == standing(database, id).state == "failed"
    assert "is set aside after 6 attempts" in caplog.text and not make(database, vault)
    assert not [name for name in vault.store.names() if "anonymised" in name], "nothing of it is left"
    with database.read() as session:
        assert anonymisations.figures(session) == anonymisations.Figures(0, 1, 0.0)
        assert [one.recording_id for one in anonymisations.find(session)] == [id]
    with database.transaction() as session:
        anonymisations.want(session, [id])
    assert make(database, vault) and job(database, id).attempts == 1


def test_while_a_key_cannot_be_had_nothing_is_set_aside(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)
    ((key),) = (tmp_path / "keys").iterdir()
    away = key.rename(tmp_path / "away")
    for _ in range(anonymisations.MOST + 1):
        assert make(database, vault)
        assert (job(database, id).state, job(database, id).attempts, job(database, id).problem) == (
            "waiting",
            0,
            "away",
        )
        later(database, id)
    away.rename(key)
    assert make(database, vault) and standing(database, id).state == "there"


def test_pauses_double_up_to_ten_minutes_and_are_spread() -> None:
    assert [pause(attempts, 0.5) for attempts in (1, 2, 3, 7, 50)] == [10, 20, 40, 600, 600]
    assert (pause(1, 0.0), pause(1, 1.0)) == (5, 15)


def test_the_newest_first_and_what_is_made_anew_by_age(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    ids = [add_recording(database, vault, tmp_path / "spool", f"call-{number}", hiss) for number in range(3)]
    with database.transaction() as session:
        anonymisations.want(session, ids, in_turn=True)
    ids.append(add_recording(database, vault, tmp_path / "spool", "call-3", hiss))
    with database.transaction() as session:
        taken = [claim.recording_id for _ in ids if (claim := anonymisations.claim(session, "a test"))]
        assert taken == ids[::-1] and anonymisations.claim(session, "a test") is None


def test_a_recording_that_is_deleted_meanwhile_leaves_nothing(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)

    def delete() -> bool:
        with database.transaction() as session:
            belongings.forget(session, [id])
        return False

    assert make(database, vault, stopping=delete) and not make(database, vault)
    assert set(vault.store.names()) == {stored_name(DAY, id, ORIGINAL)}
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(RecordingKey)) == 0


def test_who_stood_still_beyond_the_lease_changes_nothing_that_another_has_made(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)
    done: list[np.ndarray] = []

    def stand_still() -> bool:
        if not done:
            done.append(hiss)
            later(database, id)
            assert make(database, vault)
            done.append(heard(database, vault, id)[0])
        return False

    assert make(database, vault, STRONG, stopping=stand_still)
    assert np.array_equal(heard(database, vault, id)[0], done[1]) and standing(database, id).profile == "clear"
    assert set(vault.store.names()) == {stored_name(DAY, id, ORIGINAL), stored_name(DAY, id, ANONYMISED, 2)}
    assert not make(database, vault)


def test_one_that_is_asked_for_anew_while_it_is_made_is_made_as_asked(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)

    def ask() -> bool:
        if not job(database, id).profile:
            with database.transaction() as session:
                anonymisations.want(session, [id], "strong")
        return False

    assert make(database, vault, stopping=ask) and standing(database, id).state == "waiting"
    assert make(database, vault) and standing(database, id).profile == "strong"


def test_who_is_told_to_end_leaves_it_to_the_next_at_once(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)
    with pytest.raises(Stopped):
        make(database, vault, stopping=lambda: True)
    assert (job(database, id).attempts, job(database, id).held_until) == (0, None)
    assert len(list(vault.store.names())) == 1
    assert make(database, vault) and standing(database, id).state == "there"


def test_several_at_once_make_each_copy_once(database: Database, vault: Vault, tmp_path: Path, hiss: Samples) -> None:
    ids = [add_recording(database, vault, tmp_path / "spool", f"call-{number}", hiss) for number in range(8)]

    def work() -> None:
        while make(database, vault):
            pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(standing(database, id).state == "there" for id in ids)
    with database.read() as session:
        assert set(session.scalars(select(Recording.copies))) == {1}


def test_a_recording_that_always_ends_its_process_is_set_aside(
    database: Database, vault: Vault, tmp_path: Path, hiss: Samples
) -> None:
    id = add_recording(database, vault, tmp_path / "spool", "call", hiss)
    for _ in range(anonymisations.MOST):
        with database.transaction() as session:
            assert anonymisations.claim(session, "one that is killed")
        later(database, id)
    assert not make(database, vault)
    now = job(database, id)
    assert (now.state, now.problem) == ("failed", "ended") and "one that is killed ended" in now.last_error


def test_recordings_from_before_there_were_copies_wait_for_one(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'before.sqlite3'}")
    database.migrate("0015")
    with database.transaction() as session:
        keep_before(session, {1: None, 2: "2026-11-25 09:00"})
    database.migrate()
    with database.transaction() as session:
        assert [one.recording_id for one in anonymisations.find(session)] == ["call-1"]
        claim = anonymisations.claim(session, "a test")
        assert claim and (claim.recording_id, claim.number, claim.profile) == ("call-1", 1, "")


def test_what_is_said_of_people_is_covered(tmp_path: Path) -> None:
    """In the call's language."""
    database, vault = Database(f"sqlite:///{tmp_path / 'said.sqlite3'}"), folder_vault(tmp_path)
    database.migrate()
    said = spoken([("it", "Il mio numero di telefono è tre quattro zero, uno due tre, quattro cinque sei sette.")])
    id = add_recording(database, vault, tmp_path / "spool", "call", np.stack([said, np.zeros_like(said)], axis=1))
    with database.transaction() as session:
        session.get_one(Call, "call").language = "it"
    assert make(database, vault, Terms(recogniser=Whisper()))
    covered = standing(database, id).covered
    assert any(one.kind != "key" and one.end - one.start > 1 for one in covered), covered
    assert job(database, id).report["language"] == "it"


def test_what_the_ticket_tells_is_covered_where_it_is_said(database: Database, vault: Vault, tmp_path: Path) -> None:
    """Nobody knew the first one's name; the second one's flow did, and the third one's operator."""
    said = spoken([("it", "Domani mattina vorrei pagare la bolletta con Ornella dopo pranzo.")])
    both = np.stack([said, np.zeros_like(said)], axis=1)
    tickets = {
        "call": {},
        "named": {"fields": {"nome": "Ornella Grimani"}},
        "noted": {"fields": {"reason": "bolletta"}},
    }
    covered, whisper = {}, Whisper()
    for call, ticket in tickets.items():
        id = add_recording(database, vault, tmp_path / "spool", call, both)
        with database.transaction() as session:
            row = session.get_one(Call, call)
            row.language, row.ticket, row.note = "it", ticket, "Paga la sig.ra Ornella Grimani" * (call == "noted")
        assert make(database, vault, Terms(recogniser=whisper))
        covered[call] = [one.kind for one in standing(database, id).covered if one.kind != "key"]
    assert covered == {"call": [], "named": ["name"], "noted": ["name"]}


def test_a_copy_that_is_spoken_anew_needs_the_recogniser_and_covers_whatever_the_settings_say(
    database: Database, vault: Vault, tmp_path: Path
) -> None:
    said = spoken([("it", "Buongiorno, il mio codice fiscale è 1 2 3, 4 5 6, 7 8 9, 0 1 2. Grazie mille.")])
    id = add_recording(database, vault, tmp_path / "spool", "call", np.stack([said, np.zeros_like(said)], axis=1))
    assert make(database, vault, Terms("synthetic"))
    assert (standing(database, id).state, standing(database, id).problem) == ("waiting", "speech")
    assert set(vault.store.names()) == {stored_name(DAY, id, ORIGINAL)}
    later(database, id)
    with database.transaction() as session:
        session.get_one(Call, "call").language = "it"
    assert make(database, vault, Terms("synthetic", recogniser=Whisper(), cover=False))
    now = standing(database, id)
    assert (now.state, now.profile) == ("there", "synthetic")
    assert any(one.kind not in ("key", "unspoken") and one.end - one.start > 1 for one in now.covered), now.covered
    copy, _ = heard(database, vault, id)
    assert copy.shape == (len(said), 2) and copy[:, 0].any()
    assert correlation(said, copy[:, 0], 200) < 0.3
