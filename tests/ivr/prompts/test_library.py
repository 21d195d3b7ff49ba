"""From something to say to the file that says it: kept, for a while, or once."""

import asyncio
import os
import shutil
import stat
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.prompts import audio
from ivr.prompts.library import Library, PromptError
from ivr.prompts.recipe import Recipe
from ivr.prompts.said import Limits
from tests.ivr.prompts.conftest import Say, sine, spoken_level

WELCOME = Say("Benvenuti al servizio di assistenza.")


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    one = Library(tmp_path / "prompts", tmp_path / "flows", limits=Limits(age=3600, size=1))
    yield one
    await one.close()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_text_is_made_once_and_a_change_is_another_file(library: Library) -> None:
    path = library.make(WELCOME)
    made = path.stat().st_mtime_ns
    assert library.make(WELCOME) == path and path.stat().st_mtime_ns == made
    assert library.make(replace(WELCOME, text="Buongiorno.")) != path
    assert library.make(replace(WELCOME, language="fr")) != path
    sound, rate = soundfile.read(path, dtype="float32")
    assert rate == 8000 and spoken_level(sound) == pytest.approx(-16, abs=1)


def test_voice_and_loudness_are_part_of_the_name(tmp_path: Path, espeak: Recipe) -> None:
    names = {
        Library(tmp_path, tmp_path, recipe).make(WELCOME).name
        for recipe in (Recipe(), Recipe(loudness=-20), espeak, replace(espeak, loudness=-20))
    }
    assert len(names) == 4
    # Where espeak-ng lies is no part of it: the next release of the tree makes nothing anew.
    elsewhere = Library(tmp_path, tmp_path, replace(espeak, espeak=("nice", *espeak.espeak)))
    assert elsewhere.file(WELCOME).name in names


def test_a_recording_wins_is_levelled_and_is_made_anew_when_it_changes(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "flows/prompts/it/welcome.wav"
    path.parent.mkdir(parents=True)
    soundfile.write(path, np.repeat(sine(-40, 1, 48000)[:, None], 2, axis=1), 48000, subtype="PCM_24")
    recorded = replace(WELCOME, recording="prompts/it/welcome.wav")
    first = library.make(recorded)
    sound, rate = soundfile.read(first, dtype="float32")
    assert (rate, len(sound)) == (8000, pytest.approx(8000, abs=160))
    assert audio.loudness(sound) == pytest.approx(-16, abs=0.1)
    soundfile.write(path, sine(-10, 2, 16000), 16000)
    assert library.make(recorded) != first


def test_the_same_recording_in_another_folder_is_the_same_file(library: Library, tmp_path: Path) -> None:
    """A published version has its own folder, and the sound was made when it was checked in another."""
    recorded = replace(WELCOME, recording="welcome.wav")
    for folder in ("flows", "version"):
        (tmp_path / folder).mkdir(exist_ok=True)
        shutil.copyfile(library.make(WELCOME), tmp_path / folder / "welcome.wav")
    here, version = library.make(recorded), library.of(tmp_path / "version")
    assert version.file(recorded) == here
    shutil.copyfile(library.make(replace(WELCOME, text="Altro.")), tmp_path / "version/welcome.wav")
    assert version.file(recorded) != here and library.file(recorded) == here


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (replace(WELCOME, language="eo"), r"prompt welcome \(eo\): Pico has no voice for 'eo'"),
        (replace(WELCOME, text=" "), "finds nothing to say"),
        (replace(WELCOME, text="日本"), "finds nothing to say"),
        (replace(WELCOME, recording="prompts/it/gone.wav"), r"prompt welcome \(it\): .*No such file.*gone.wav"),
        (replace(WELCOME, recording="broken.wav"), "cannot be read as sound"),
    ],
)
async def test_what_cannot_be_said_is_a_clear_error(library: Library, tmp_path: Path, say: Say, message: str) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/broken.wav").write_bytes(b"RIFF....WAVE")
    with pytest.raises(PromptError, match=message):
        library.make(say)
    with pytest.raises(PromptError, match=message):
        await library.ready(say)
    assert files(tmp_path / "prompts") == []


def test_a_voice_that_espeak_lacks_is_a_clear_error(tmp_path: Path, espeak: Recipe) -> None:
    library = Library(tmp_path, tmp_path, espeak)
    assert library.make(replace(WELCOME, language="eo")).exists()
    with pytest.raises(PromptError, match="espeak-ng has no voice for 'xx'; a recording is needed"):
        library.make(replace(WELCOME, language="xx"))
    missing = Library(tmp_path, tmp_path, Recipe("espeak-ng", espeak=("/nowhere/espeak-ng",)))
    with pytest.raises(PromptError, match="/nowhere/espeak-ng: No such file"):
        missing.make(WELCOME)


async def test_what_was_made_ahead_is_played_from_where_it_is_kept(library: Library) -> None:
    made = library.make(WELCOME)
    assert await library.ready(WELCOME) == made
    assert library.seconds(made) == soundfile.info(made).duration > 1


async def test_a_sentence_with_a_value_is_kept_apart_and_goes(library: Library, tmp_path: Path) -> None:
    say = Say("Lei è il numero 7 in attesa.", prompt="queue-position")
    path = await library.ready(say)
    folder = tmp_path / "prompts/said"
    assert path.is_relative_to(folder) and stat.S_IMODE(folder.stat().st_mode) == 0o700
    made = path.stat().st_mtime_ns
    assert await library.ready(say) == path and path.stat().st_mtime_ns == made
    assert library.sweep(time.time()) == 0
    assert library.sweep(time.time() + 3500) == 0
    assert library.sweep(time.time() + 3700) == 1
    assert files(folder) == []
    assert await library.ready(say) == path and path.exists(), "made again when it is said again"


async def test_of_too_many_sentences_those_not_said_for_longest_go(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "prompts/said/it"
    folder.mkdir(parents=True)
    now = time.time()
    for number in range(20):  # 2 MiB, of which 1 may stay
        path = folder / f"{number:02}.wav"
        path.write_bytes(bytes(2**20 // 10))
        os.utime(path, (now - 2000 + number, now - 3000))
    assert library.sweep(now) == 10
    assert [path.name for path in files(folder)] == [f"{number:02}.wav" for number in range(10, 20)]


async def test_what_may_still_be_playing_is_not_deleted(library: Library, tmp_path: Path) -> None:
    path = await library.ready(Say("Lei è il numero 3 in attesa."))
    old = time.time() - 10**6
    os.utime(path, (time.time(), old))
    assert library.sweep(time.time()) == 0 and path.exists()


async def test_a_secret_leaves_nothing_behind(library: Library, tmp_path: Path) -> None:
    say = Say("Il codice è 3 0 2 0 0 1.", secret=True)
    first, second = await asyncio.gather(library.ready(say), library.ready(say))
    folder = tmp_path / "prompts/secret"
    assert first != second and {first.parent, second.parent} == {folder}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    library.forget(first)
    library.forget(first)
    assert files(tmp_path / "prompts") == [second]
    assert library.sweep(time.time() + 601) == 1, "one that its call never came to delete"
    assert files(tmp_path / "prompts") == []


async def test_only_secrets_are_forgotten(library: Library) -> None:
    path = library.make(WELCOME)
    library.forget(path)
    assert path.exists()


async def test_calls_that_need_the_same_sentence_share_its_making(library: Library) -> None:
    say = Say("Lei è il numero 12 in attesa.")
    paths = await asyncio.gather(*(library.ready(say) for _ in range(20)))
    assert len(set(paths)) == 1 and paths[0].exists()


async def test_who_hangs_up_does_not_stop_the_others(library: Library) -> None:
    say = Say("Lei è il numero 15 in attesa.")
    leaving, staying = asyncio.create_task(library.ready(say)), asyncio.create_task(library.ready(say))
    await asyncio.sleep(0.01)
    leaving.cancel()
    assert (await staying).exists()


async def test_the_process_that_serves_calls_does_not_make_sentences(library: Library) -> None:
    """Pico holds Python's lock while it speaks: here every call would stop for 10 ms a second of speech."""
    long = "Le ripetiamo il codice dell'avviso di pagamento. " * 6
    begun = time.process_time()
    paths = await asyncio.gather(*(library.ready(Say(f"{number}. {long}")) for number in range(4)))
    assert sum(library.seconds(path) for path in paths) > 60
    assert time.process_time() - begun < 0.2


async def test_markup_in_a_value_gives_the_synthesiser_no_orders(library: Library, tmp_path: Path) -> None:
    """Pico's `genfile` would write a file of the caller's choice."""
    target = tmp_path / "written.wav"
    await library.ready(Say(f"Buongiorno <genfile file='{target}'>Anna</genfile>"))
    assert not target.exists()


def test_several_processes_may_fill_one_library(library: Library, tmp_path: Path) -> None:
    async def fill() -> list[Path]:
        others = [Library(tmp_path / "prompts", tmp_path / "flows") for _ in range(3)]
        say = Say("Il servizio è chiuso.", prompt="closed")
        try:
            return await asyncio.gather(*(one.ready(say) for one in others))
        finally:
            for one in others:
                await one.close()

    paths = asyncio.run(fill())
    assert len(set(paths)) == 1 and soundfile.info(paths[0]).duration > 1
    assert files(tmp_path / "prompts") == [paths[0]]
