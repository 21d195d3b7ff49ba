"""A studio's files: what is wrong with them is found, and what is good is kept as it is."""

import resource
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.prompts import audio, studio
from ivr.prompts.audio import Samples
from ivr.prompts.recipe import Recipe
from tests.ivr.prompts.conftest import SENTENCES, sine

RATE = 48000


@pytest.fixture(scope="module")
def speech() -> Samples:
    """A sentence at -23 dBFS with peaks far below full scale, at 48 kHz."""
    import soxr

    raw, rate = Recipe().voice.speak(SENTENCES["it"], "it")
    sound = soxr.resample(audio.trim(raw, rate), rate, RATE)
    return (sound * 10 ** ((-23 - audio.loudness(sound, RATE)) / 20)).astype(np.float32)


def codes(path: Path) -> dict[str, str]:
    return {one.code: one.severity for one in studio.examine(path).findings}


def written(path: Path, sound: Samples, rate: int = RATE, subtype: str = "PCM_24", format: str = "WAV") -> Path:
    soundfile.write(path, sound, rate, subtype=subtype, format=format)
    return path


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.mark.parametrize(
    ("subtype", "format"), [("PCM_U8", "WAV"), ("PCM_16", "WAV"), ("FLOAT", "WAV"), ("PCM_24", "FLAC")]
)
def test_a_good_take_passes_and_is_kept_as_16_khz_mono(
    tmp_path: Path, speech: Samples, subtype: str, format: str
) -> None:
    stereo = np.stack([speech, speech], axis=1)
    take = studio.examine(written(tmp_path / "take", stereo, subtype=subtype, format=format))
    assert take.findings == () and not take.refused(force=False)
    assert take.level == pytest.approx(-23, abs=0.5) and take.seconds == pytest.approx(len(speech) / RATE, abs=0.01)
    target = tmp_path / "flows/prompts/it/welcome.wav"
    studio.keep(take, target)
    info = soundfile.info(target)
    assert (info.samplerate, info.channels, info.subtype, info.format) == (16000, 1, "PCM_16", "WAV")
    kept, rate = audio.read(target, 16000)
    assert audio.loudness(kept, rate) == pytest.approx(take.level, abs=0.1), "the studio's level is kept"


def test_a_rate_below_16_khz_stays(tmp_path: Path) -> None:
    raw, _ = audio.read(written(tmp_path / "raw.wav", Recipe().synthesise(SENTENCES["fr"], "fr"), 8000))
    take = studio.examine(written(tmp_path / "low.wav", raw, 8000))
    studio.keep(take, tmp_path / "kept.wav")
    assert soundfile.info(tmp_path / "kept.wav").samplerate == 8000


@pytest.mark.parametrize("language", SENTENCES)
def test_speech_of_both_voices_in_every_language_is_no_noise(tmp_path: Path, language: str, espeak: Recipe) -> None:
    for recipe in (Recipe(loudness=-20), espeak):
        for text in (SENTENCES[language], {"it": "Sì.", "en": "Yes.", "de": "Ja.", "fr": "Oui."}[language]):
            sound = recipe.synthesise(text, language)
            assert "no-speech" not in codes(written(tmp_path / "short.wav", sound, 8000)), text


@pytest.mark.parametrize("kind", ["hiss", "hum", "tone"])
def test_noise_alone_is_doubted(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(7)
    sound = {
        "hiss": rng.normal(0, 0.05, 3 * RATE).astype(np.float32),
        "hum": sine(-25, 3, RATE, 50) + sine(-30, 3, RATE, 150),
        "tone": sine(-20, 3, RATE),
    }[kind]
    take = studio.examine(written(tmp_path / "noise.wav", sound))
    assert codes(tmp_path / "noise.wav") == {"no-speech": "doubt"}
    assert take.refused(force=False) and not take.refused(force=True)


def test_clipping_is_found_with_its_place(tmp_path: Path, speech: Samples) -> None:
    loud = np.clip(np.concatenate([silence(0.2), speech]) * 20, -1, 1)
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ALAW"):
        found = {
            one.code: one for one in studio.examine(written(tmp_path / "loud.wav", loud, subtype=subtype)).findings
        }
        assert found["clipped"].severity == "doubt", subtype
        assert "first at 0:00." in found["clipped"].message
    once = speech.copy()
    once[RATE : RATE + 12] = 1.0
    found = {one.code: one for one in studio.examine(written(tmp_path / "once.wav", once)).findings}
    assert found["clipped"].severity == "warning" and "in 1 places, first at 0:01.0" in found["clipped"].message


def test_a_take_normalised_to_full_scale_is_not_clipped(tmp_path: Path, speech: Samples) -> None:
    full = speech / np.abs(speech).max()
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        path = written(tmp_path / "full.wav", full, subtype=subtype)
        assert "clipped" not in codes(path)
        studio.keep(studio.examine(path), tmp_path / "kept.wav")
        kept, _ = soundfile.read(tmp_path / "kept.wav")
        assert np.abs(kept).max() < 1


def test_float_peaks_above_full_scale_are_kept_whole(tmp_path: Path, speech: Samples) -> None:
    path = written(tmp_path / "over.wav", speech * 2.5 / np.abs(speech).max(), subtype="FLOAT")
    studio.keep(studio.examine(path), tmp_path / "kept.wav")
    assert "clipped" not in codes(tmp_path / "kept.wav")


def test_level_silence_and_length(tmp_path: Path, speech: Samples) -> None:
    def found(sound: Samples) -> dict[str, str]:
        return codes(written(tmp_path / "take.wav", sound))

    assert found(speech * 0.05) == {"quiet": "warning"}
    assert found(speech * 0.001) == {"silent": "error"}
    assert found(silence(2)) == {"silent": "error"}
    assert found(np.tanh(speech * 30)) | {"clipped": ""} == {"loud": "warning", "clipped": ""}
    assert found(np.concatenate([silence(1), speech])) == {"silence": "warning"}
    assert found(np.concatenate([speech, silence(1)])) == {"silence": "warning"}
    assert found(np.concatenate([speech, silence(3), speech])) == {"pause": "warning"}
    assert found(np.tile(np.concatenate([speech, silence(0.5)]), 30)) == {"long": "warning", "silence": "warning"}
    assert found(speech[: RATE // 10]) == {"too-short": "error"}
    assert found(speech[:1]) == {"too-short": "error"}
    assert found(speech[:0]) == {"too-short": "error"}


def test_a_pause_is_told_with_its_place(tmp_path: Path, speech: Samples) -> None:
    take = studio.examine(written(tmp_path / "take.wav", np.concatenate([speech, silence(3), speech])))
    (pause,) = take.findings
    assert pause.message.startswith("3.") and f"at 0:{len(speech) / RATE:04.1f}"[:7] in pause.message


def test_what_is_no_sound(tmp_path: Path, speech: Samples) -> None:
    path = tmp_path / "take.wav"
    path.write_bytes(b"")
    assert codes(path) == {"empty": "error"}
    path.write_bytes(b"%PDF-1.7 this is an invoice" * 50)
    assert codes(path) == {"not-audio": "error"}
    path.write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    assert codes(path) == {"not-audio": "error"}
    assert codes(tmp_path) == {"not-audio": "error"} or set(codes(tmp_path).values()) == {"error"}
    assert codes(tmp_path / "nothing.wav") == {"not-read": "error"}
    broken = speech.copy()
    broken[100] = np.inf
    assert codes(written(path, broken, subtype="FLOAT")) == {"not-numbers": "error"}


@pytest.mark.parametrize("format", ["WAV", "FLAC"])
def test_a_copy_that_broke_off(tmp_path: Path, speech: Samples, format: str) -> None:
    path = written(tmp_path / "take", speech, format=format)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    (finding,) = studio.examine(path).findings
    assert (finding.severity, finding.code) in (("error", "cut-off"), ("error", "not-audio"))
    assert format == "FLAC" or finding.code == "cut-off"


def test_a_header_that_lies_by_ten_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "lie.wav"
    data = (sine(-20, 1, 8000) * 32767).astype("<i2").tobytes()
    size = 10 * 2**30
    head = b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVEds64" + struct.pack("<IQQQI", 28, size, size, size // 2, 0)
    head += b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(head + data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (finding,) = studio.examine(path).findings
    assert finding.code == "cut-off" and str(size) in finding.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "KiB"


def test_twenty_minutes_at_192_khz_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 192000, 1, "PCM_16", format="FLAC") as file:
        for _ in range(20):
            file.write(np.zeros(60 * 192000, np.int16))
    assert codes(path) == {"too-long": "error"}
