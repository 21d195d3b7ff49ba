"""What a synthetic voice says on the telephone, really recognised: Whisper is loaded once."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anonymizer import PROFILES, Speech, Whisper, anonymize
from anonymizer.check import ALIKE
from anonymizer.sound import Samples
from ivr.prompts.audio import for_telephone
from ivr.prompts.pico import Pico
from tests.anonymizer.conftest import RATE, Memory, power
from tests.ivr.cli.conftest import Ivr, ivr

__all__ = ["ivr"]

NOTICE = "3 0 0, 1 2 3, 4 5 6, 7 8 9, 0 0 1, 2 3 4"


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    return Whisper()


def said(text: str) -> Samples:
    return for_telephone(*Pico().speak(text, "it"), -20.0)


@pytest.fixture(scope="module")
def dialogue() -> tuple[Samples, float, float]:
    """The operator (right) asks, the citizen (left) tells a code; with the seconds from when to when."""
    question, begin, code, end = map(
        said,
        ("Buongiorno, mi legge il codice avviso?", "Il codice avviso è", NOTICE, "Va bene, grazie e buona giornata."),
    )
    left = np.concatenate([np.zeros_like(question), begin, code, np.zeros_like(end)])
    right = np.concatenate([question, np.zeros(len(begin) + len(code), np.float32), end])
    noise = np.random.default_rng(5).normal(0, 0.002, (len(left), 2)).astype(np.float32)
    start = (len(question) + len(begin)) / RATE
    return np.stack([left, right], axis=1) + noise, start, start + len(code) / RATE


def test_a_code_is_covered_in_both_channels_and_what_is_said_around_stays(
    whisper: Whisper, dialogue: tuple[Samples, float, float]
) -> None:
    sound, start, end = dialogue
    run = anonymize(Memory(sound), None, keys=False, speech=Speech(whisper))
    result = np.concatenate(list(run))
    assert run.report["speech"] and run.report["language"] == "it"
    assert len(run.report["sure"]) == 2 and all(0.5 < one < 1 for one in run.report["sure"])
    assert "notice" in {span["kind"] for span in run.report["covered"]}
    inside = result[round(start * RATE) : round((end - 0.3) * RATE)]
    assert np.array_equal(inside[:, 0], inside[:, 1]) and np.sqrt(power(inside)) < 0.03
    changed = (result != sound).any(axis=1)
    outside = np.concatenate([changed[: round((start - 0.8) * RATE)], changed[round((end + 0.8) * RATE) :]])
    assert not outside.any()
    # Nothing of what was said is in the report, and nothing of the code in the transcript.
    assert "codice" not in json.dumps(run.report)
    words = " ".join(word.text for word in run.understood.transcript[0])
    assert "[notice]" in words and not any(one.isdigit() for one in words)
    assert "giornata" in " ".join(word.text for word in run.understood.transcript[1])


@pytest.mark.parametrize("sound", ["silence", "noise", "music", "a second"])
def test_where_nobody_says_anything_nothing_is_covered(whisper: Whisper, sound: str, call: Samples) -> None:
    turns = 2 * np.pi * np.arange(20 * RATE) / RATE
    mono = {
        "silence": np.zeros(20 * RATE),
        "noise": np.random.default_rng(1).normal(0, 0.1, 20 * RATE),
        "music": 0.1 * sum(np.sin(hertz * turns) for hertz in (262.0, 330.0, 392.0, 524.0)),
        "a second": call[:RATE, 0],
    }[sound].astype(np.float32)
    understood = Speech(whisper, "it").listen(Memory(mono[:, None]))
    assert sum(span.end - span.start for span in understood.spans) < 1.5


def test_the_words_are_spoken_anew_without_what_is_covered(
    whisper: Whisper, dialogue: tuple[Samples, float, float]
) -> None:
    sound, start, end = dialogue
    run = anonymize(Memory(sound), PROFILES["synthetic"], speech=Speech(whisper))
    result = np.concatenate(list(run))
    assert result.shape == sound.shape and run.report["profile"] == "synthetic" and run.report["language"] == "it"
    assert "notice" in {span["kind"] for span in run.report["covered"]} and max(run.report["check"]["alike"]) < 0.5
    inside = result[round(start * RATE) : round((end - 0.3) * RATE)]
    assert np.array_equal(inside[:, 0], inside[:, 1]) and np.sqrt(power(inside)) < 0.03
    again = Speech(whisper, "it", cover=False).listen(Memory(result))
    told, heard = (
        {word.text.lower().strip(",.?") for channel in one.transcript for word in channel if word.text[0] != "["}
        for one in (run.understood, again)
    )
    assert len(told & heard) > 0.4 * len(told), (told, heard)  # of a synthetic voice that spoke on the telephone twice
    assert not any(letter.isdigit() for word in heard for letter in word)
    assert "giornata" not in json.dumps(run.report)


@pytest.mark.parametrize("sound", ["silence", "noise", "music", "a second", "clipped, 16 kHz", "both at once"])
def test_what_is_no_clean_speech_is_never_passed_through(whisper: Whisper, sound: str, call: Samples) -> None:
    rate = 16000 if sound == "clipped, 16 kHz" else RATE
    turns = 2 * np.pi * np.arange(12 * RATE) / RATE
    mono = {
        "silence": np.zeros(12 * RATE),
        "noise": np.random.default_rng(1).normal(0, 0.1, 12 * RATE),
        "music": 0.1 * sum(np.sin(hertz * turns) for hertz in (262.0, 330.0, 392.0, 524.0)),
        "a second": call[:RATE, 0],
        "clipped, 16 kHz": np.clip(np.repeat(call[: 9 * RATE, 0], 2) * 30, -1, 1),
        "both at once": call.mean(axis=1)[: 12 * RATE],
    }[sound].astype(np.float32)
    run = anonymize(Memory(mono[:, None], rate), PROFILES["synthetic"], speech=Speech(whisper, "it"))
    result = np.concatenate(list(run))[:, 0]
    assert result.shape == mono.shape and np.isfinite(result).all() and np.abs(result).max() <= 1
    assert (run.report["check"]["alike"][0] or 0) <= ALIKE
    assert len(run.report["unspoken_seconds"]) == 1
    if sound == "silence":
        assert not result.any()


def test_the_command_covers_speech_alone(ivr: Ivr, dialogue: tuple[Samples, float, float], tmp_path: Path) -> None:
    sound, start, end = dialogue
    soundfile.write(tmp_path / "in.wav", sound, RATE, "PCM_16")
    arguments = ("anonymize", tmp_path / "in.wav", tmp_path / "out.wav", "--only", "speech", "--language", "it")
    done = ivr(*arguments, "--report", tmp_path / "report.json")
    assert done.status == 0 and done.err == ""
    (row,) = json.loads((tmp_path / "report.json").read_text())
    assert row["profile"] is None and row["language"] == "it"
    assert any(one["start"] <= start + 0.2 and one["end"] >= end - 0.4 for one in row["covered"])
    refused = ivr("anonymize", tmp_path / "in.wav", tmp_path / "new.wav", "--model", tmp_path)
    assert refused.status == 2 and "model.bin" in refused.err
