"""Levelling, limiting, trimming, and reading what is no sound."""

import resource
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.prompts import audio
from ivr.prompts.audio import AudioError
from ivr.prompts.recipe import Recipe
from tests.ivr.prompts.conftest import SENTENCES, sine, spoken_level


def test_the_level_of_a_tone_is_its_rms_and_pauses_do_not_count() -> None:
    tone, pause = sine(-23, 1), np.zeros(8000, np.float32)
    assert audio.loudness(tone) == pytest.approx(-23, abs=0.05)
    assert audio.loudness(np.concatenate([pause, tone, pause, tone])) == pytest.approx(-23, abs=0.05)
    assert audio.loudness(pause) == -np.inf
    assert audio.loudness(tone[:10]) == -np.inf


@pytest.mark.parametrize("language", SENTENCES)
@pytest.mark.parametrize("target", [-16.0, -24.0])
def test_both_voices_come_out_at_the_level_asked_for(language: str, target: float, espeak: Recipe) -> None:
    for name, command in (("pico", ()), ("espeak-ng", espeak.espeak)):
        sound = Recipe(name, target, command).synthesise(SENTENCES[language], language)
        assert audio.loudness(sound) == pytest.approx(target, abs=0.1)
        assert spoken_level(sound) == pytest.approx(target, abs=1)
        assert np.abs(sound).max() <= audio.CEILING + 1e-6


def test_a_voice_with_high_peaks_reaches_the_level_without_clipping() -> None:
    """A plain gain that avoids clipping would stop 9 dB below."""
    quiet = sine(-30, 2, hertz=200)
    quiet[4000::8000] = 0.5
    sound = audio.level(quiet)
    assert audio.loudness(sound) == pytest.approx(-16, abs=0.1)
    assert np.abs(sound).max() <= audio.CEILING + 1e-6


def test_the_limiter_leaves_alone_what_is_not_near_a_peak() -> None:
    sound = sine(-12, 1)
    sound[4000] = 1.5
    limited = audio.limit(sound)
    assert np.abs(limited).max() <= audio.CEILING + 1e-6
    np.testing.assert_array_equal(limited[:3800], sound[:3800])
    np.testing.assert_array_equal(limited[4200:], sound[4200:])
    assert len(limited) == len(sound)


def test_silence_stays_silence_and_ends_are_cut() -> None:
    silence = np.zeros(8000, np.float32)
    assert not audio.level(silence).any()
    trimmed = audio.trim(np.concatenate([silence, sine(-20, 1), silence]))
    assert len(trimmed) == pytest.approx(8000 * 1.1, abs=2 * 160)
    assert len(audio.trim(silence)) == 8000
    assert len(audio.trim(silence[:3])) == 3


def test_a_click_at_an_end_does_not_keep_the_silence_before_it() -> None:
    silence, click, word = np.zeros(8000, np.float32), sine(-40, 0.04), sine(-20, 1)
    sound = np.concatenate([click, silence, word, silence[:4000], word, silence, click])
    assert len(audio.trim(sound)) == pytest.approx(8000 * 2.6, abs=3 * 160)


@pytest.mark.parametrize("language", SENTENCES)
def test_a_prompt_ends_when_its_words_do(language: str) -> None:
    sound = Recipe().synthesise(SENTENCES[language], language)
    power = audio.powers(sound, 8000)
    loud = np.flatnonzero(power > power.max() / 1000)
    assert loud[0] * 0.02 < 0.15 and (len(power) - loud[-1]) * 0.02 < 0.25


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "format"),
    [
        (8000, 1, "PCM_U8", "WAV"),
        (11025, 2, "PCM_16", "WAV"),
        (44100, 2, "PCM_24", "WAV"),
        (48000, 1, "PCM_32", "WAV"),
        (96000, 2, "FLOAT", "WAV"),
        (192000, 6, "DOUBLE", "WAV"),
        (44100, 1, "PCM_16", "FLAC"),
        (8000, 1, "ALAW", "WAV"),
    ],
)
def test_any_rate_and_depth_becomes_the_same_prompt(
    tmp_path: Path, rate: int, channels: int, subtype: str, format: str
) -> None:
    path = tmp_path / "studio"
    tone = np.repeat(sine(-20, 1, rate)[:, None], channels, axis=1)
    soundfile.write(path, tone, rate, subtype=subtype, format=format)
    samples, given = audio.read(path, 16000)
    assert given == min(rate, 16000)
    assert len(samples) == pytest.approx(given, abs=2)
    assert audio.loudness(samples, given) == pytest.approx(-20, abs=0.2)
    prompt = audio.for_telephone(samples, given)
    assert audio.loudness(prompt) == pytest.approx(-16, abs=0.1)
    assert len(prompt) == pytest.approx(8000, abs=160)


def test_what_is_written_is_telephone_wav_and_its_length_is_known(tmp_path: Path) -> None:
    path = tmp_path / "prompt.wav"
    audio.write(path, sine(-16, 1.5))
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype, info.format) == (8000, 1, "PCM_16", "WAV")
    assert audio.seconds(path) == info.duration == 1.5
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_sound_say_so(tmp_path: Path) -> None:
    path = tmp_path / "file.wav"

    def refused(content: bytes) -> str:
        path.write_bytes(content)
        with pytest.raises(AudioError) as raised:
            audio.read(path)
        assert raised.value.code == "not-audio"
        return str(raised.value)

    assert "cannot be read as sound" in refused(b"")
    assert "cannot be read as sound" in refused(b"RIFF")
    assert "cannot be read as sound" in refused(b"These are words, not sound. " * 100)
    with pytest.raises(AudioError):
        audio.read(tmp_path / "nothing.wav")


def test_not_a_number_is_found_with_its_place(tmp_path: Path) -> None:
    sound = sine(-20, 2, 48000)
    sound[72000] = np.nan
    soundfile.write(tmp_path / "nan.wav", sound, 48000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"1\.5 s in there are samples that are no numbers"):
        audio.read(tmp_path / "nan.wav")


def test_a_flac_that_ends_early_is_found(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 160000), 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(AudioError) as raised:
        audio.read(path)
    assert raised.value.code in ("cut-off", "not-audio")


def test_twenty_minutes_are_refused_and_memory_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 96000, 2, "PCM_16") as file:
        for _ in range(20 * 60):
            file.write(np.zeros((96000, 2), np.int16))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(AudioError, match="it lasts 20 minutes; a prompt may last 10"):
        audio.read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "KiB"
    path.unlink()


def test_a_header_that_promises_ten_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    sound = sine(-20, 1, 8000)
    data = (sound * 32767).astype("<i2").tobytes()
    size = 10 * 2**30
    header = b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE"
    header += b"ds64" + struct.pack("<IQQQI", 28, size + 72, size, size // 2, 0)
    header += b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", 0xFFFFFFFF)
    path = tmp_path / "lie.wav"
    path.write_bytes(header + data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        samples, _ = audio.read(path)
        assert len(samples) <= 8000
    except AudioError as error:
        assert error.code in ("not-audio", "cut-off", "too-long")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, sys.platform
