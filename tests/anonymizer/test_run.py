import dataclasses

import numpy as np
import pytest

from anonymizer import PROFILES, Changed, NotAnonymised, Pcm, SoundError, Span, anonymize, to_pcm
from anonymizer.check import Check, correlation, judge
from anonymizer.pitch import pitch
from anonymizer.profiles import STRONG
from anonymizer.run import Run
from anonymizer.sound import Samples
from tests.anonymizer.conftest import RATE, Memory, key, power

EACH = pytest.mark.parametrize("profile", [name for name, one in PROFILES.items() if isinstance(one, Changed)])


def made(run: Run) -> Samples:
    return np.concatenate(list(run))


@EACH
def test_a_call_keeps_length_timing_and_level_and_loses_its_waveform(call: Samples, profile: str) -> None:
    run = anonymize(Memory(call), PROFILES[profile])
    result = made(run)
    assert result.shape == call.shape
    step = RATE // 20
    for before, after in zip(call.T, result.T, strict=True):
        assert 10 * np.log10(power(after) / power(before)) == pytest.approx(0, abs=3)
        shapes = [
            np.sqrt(np.square(one[: len(one) // step * step]).reshape(-1, step).mean(1)) for one in (before, after)
        ]
        assert np.corrcoef(*shapes)[0, 1] > 0.8
        assert correlation(before, after, 200) < 0.4
    assert run.report["check"]["keys_left"] == 0 and max(run.report["check"]["alike"]) < 0.5
    assert run.report["covered"] == []


@EACH
def test_each_run_and_each_channel_has_a_voice_of_its_own(call: Samples, profile: str) -> None:
    same = np.stack([call[:, 0], call[:, 0]], axis=1)
    results = [made(anonymize(Memory(same), PROFILES[profile])) for _ in range(2)]
    voices = [voice for result in results for voice in result.T]
    for number, one in enumerate(voices):
        for other in voices[:number]:
            assert correlation(one, other, 200) < 0.9


def octaves(sound: Samples) -> Samples:
    """The pitch about its median, NaN where there is none or an octave is mistaken."""
    found = pitch(sound.astype(np.float64), RATE)
    about = np.log2(np.where(found > 0, found, np.nan) / np.median(found[found > 0]))
    return np.where(np.abs(about) < 0.4, about, np.nan)


@EACH
def test_the_pitch_moves_less_than_the_speakers_and_about_another(call: Samples, profile: str) -> None:
    changed = PROFILES[profile]
    assert isinstance(changed, Changed)
    before, after = octaves(call[:, 0]), octaves(made(anonymize(Memory(call[:, :1]), changed))[:, 0])
    both = ~np.isnan(before) & ~np.isnan(after)
    assert both.mean() > 0.2
    slope = np.polyfit(before[both], after[both], 1)[0]
    assert slope == pytest.approx(changed.melody, abs=0.15)


def swing(loudness: Samples, times: float) -> float:
    """How much a loudness in dB, 50 values a second, swings so many times a second."""
    moments = np.arange(len(loudness)) / 50
    return float(abs(np.mean((loudness - loudness.mean()) * np.exp(-2j * np.pi * times * moments))))


@pytest.mark.parametrize(("times", "is_kept"), [(0.5, True), (9.0, False)])
def test_strong_is_as_loud_as_who_speaks_but_not_sound_by_sound(call: Samples, times: float, is_kept: bool) -> None:
    """A voice that swells and fades by 6 dB keeps that where it is slow."""
    voice = call[: 8 * RATE, :1]
    swell = 10 ** (6 * np.sin(2 * np.pi * times * np.arange(len(voice)) / RATE) / 20)[:, None].astype(np.float32)
    profile = dataclasses.replace(STRONG, tract=(0.0, 0.0), jitter=0.0, pitch=(140.0, 140.0), tilt=0.0)
    before, after = (
        10 * np.log10(np.square(made(anonymize(Memory(one), profile))).reshape(-1, RATE // 50).mean(1) + 1e-6)
        for one in (voice, voice * swell)
    )
    swung = swing(after - before, times) / 3  # of a sine of 6 dB, half of its height
    assert swung > 0.8 if is_kept else swung < 0.35


def test_without_melody_the_pitch_is_flat(call: Samples) -> None:
    flat = dataclasses.replace(STRONG, melody=0.0)
    about = octaves(made(anonymize(Memory(call[:, :1]), flat))[:, 0])
    assert np.mean(np.abs(about[~np.isnan(about)]) < 0.03) > 0.8


def test_keys_are_covered_in_both_channels_and_nothing_of_them_is_left(call: Samples) -> None:
    sound = call.copy()
    sound[5 * RATE : 5 * RATE + 800, 0] = key((2, 1), 0.1)
    run = anonymize(Memory(sound), PROFILES["clear"])
    result = made(run)
    ((span),) = run.report["covered"]
    assert span["kind"] == "key" and span["start"] <= 5 and span["end"] >= 5.1
    inside = result[round(5 * RATE) : round(5.1 * RATE)]
    assert np.array_equal(inside[:, 0], inside[:, 1])
    assert 0.01 < np.sqrt(power(inside)) < 0.03
    # The rest of a run that covers keys only is as it was.
    only = made(anonymize(Memory(sound), None))
    begin, end = int(span["start"] * RATE), int(np.ceil(span["end"] * RATE))
    assert np.array_equal(only[:begin], sound[:begin]) and np.array_equal(only[end:], sound[end:])


def test_spans_that_are_known_are_covered_before_the_voice_hears_them() -> None:
    sound = np.zeros((3 * RATE, 1), np.float32)
    sound[RATE : 2 * RATE, 0] = 0.3 * np.sin(np.arange(RATE) * 2 * np.pi * 300 / RATE)
    run = anonymize(Memory(sound), PROFILES["clear"], keys=False, known=[Span(1.0, 2.0, "iban")])
    result = made(run)
    assert run.report["covered"] == [{"start": 1.0, "end": 2.0, "kind": "iban"}]
    assert not result[:RATE].any() and not result[2 * RATE :].any()
    assert np.sqrt(power(result[RATE : 2 * RATE])) == pytest.approx(0.02, rel=0.1)


@EACH
def test_silence_stays_silence(profile: str) -> None:
    assert not made(anonymize(Memory(np.zeros((20 * RATE, 2), np.float32)), PROFILES[profile])).any()


@EACH
@pytest.mark.parametrize("seconds", [0.0002, 0.01, 1.0])
def test_a_moment_of_sound(call: Samples, profile: str, seconds: float) -> None:
    short = call[: round(seconds * RATE)]
    assert made(anonymize(Memory(short), PROFILES[profile])).shape == short.shape


@EACH
@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("sound", ["noise", "music", "clipped", "both at once"])
def test_what_is_no_clean_speech_comes_through_as_something_else(
    call: Samples, profile: str, rate: int, sound: str
) -> None:
    turns = 2 * np.pi * np.arange(15 * rate) / rate
    mono = {
        "noise": np.random.default_rng(1).normal(0, 0.2, 15 * rate),
        "music": 0.1 * sum(np.sin(hertz * turns) for hertz in (262.0, 330.0, 392.0, 524.0)),
        "clipped": np.clip(call[:, 0] * 30, -1, 1),
        "both at once": call.mean(axis=1),
    }[sound].astype(np.float32)
    run = anonymize(Memory(mono[:, None], rate), PROFILES[profile])
    result = made(run)
    assert result.shape == (len(mono), 1) and np.isfinite(result).all() and np.abs(result).max() <= 1
    assert run.report["check"]["alike"][0] < 0.6


def test_pcm_in_pieces_of_any_length(call: Samples) -> None:
    raw = to_pcm(call)
    source = Pcm(lambda: (raw[first : first + 1001] for first in range(0, len(raw), 1001)), RATE, 2)
    assert np.allclose(np.concatenate(list(source.frames())), call, atol=1 / 32768)
    cut_off = Pcm(lambda: [raw[:-1]], RATE, 2)
    with pytest.raises(SoundError, match="cut off"):
        list(anonymize(cut_off, None))


def test_no_block_is_the_last_of_a_run_whose_check_failed(call: Samples) -> None:
    check = Check(RATE, 2)
    check.see(call, call, call)
    judge(check.findings(), False, True, [])
    with pytest.raises(NotAnonymised, match="still like the original"):
        judge(check.findings(), True, True, [])
    loud = Check(RATE, 2)
    loud.see(call, call * 2, call * 2)
    with pytest.raises(NotAnonymised, match=r"6\.0 dB louder"):
        judge(loud.findings(), False, True, [])
    ringing = Check(RATE, 2)
    tone = np.stack([key((0, 0), 1.0)] * 2, axis=1)
    ringing.see(tone, tone, tone)
    with pytest.raises(NotAnonymised, match="keys can still be heard"):
        judge(ringing.findings(), False, True, [])
    with pytest.raises(NotAnonymised, match="not as long"):
        Check(RATE, 2).see(call, call[1:], call)
