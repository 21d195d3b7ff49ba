"""Who speaks must not be told by a speaker verifier, where one is installed."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from anonymizer import PROFILES, NotAnonymised, anonymize
from anonymizer.check import SAME, Check, Findings, judge
from anonymizer.files import DRAWS, each
from anonymizer.sound import Samples, write
from anonymizer.verifier import SECONDS, Loudest, NotInstalled, Verifier, installed
from tests.anonymizer.conftest import RATE, Memory


class Given(Verifier):
    """Says what it is told to; keeps what it was asked about."""

    def __init__(self, *says: float | None) -> None:
        self.says, self.asked = list(says), list[tuple[Samples, Samples]]()

    def similarity(self, one: Samples, other: Samples, rate: int) -> float | None:
        self.asked.append((one, other))
        return self.says.pop(0)


@pytest.mark.parametrize(("same", "channel"), [([SAME + 0.01, 0.2], 1), ([0.2, 1.0], 2)])
def test_a_voice_that_the_verifier_takes_for_the_original_is_not_shown(same: list[float | None], channel: int) -> None:
    found = Findings([0.0, 0.0], [0.1, 0.1], same, 0)
    with pytest.raises(NotAnonymised, match=f"who speaks in channel {channel} can still be told"):
        judge(found, True, True, [])
    judge(found, False, True, [])  # own voices were asked for
    judge(dataclasses.replace(found, same=[SAME, None]), True, True, [])


def test_the_run_asks_the_verifier_and_reports_what_it_says(call: Samples) -> None:
    verifier = Given(0.5, None)
    run = anonymize(Memory(call), PROFILES["clear"], verifier=verifier)
    list(run)
    assert run.report["check"]["same"] == [0.5, None]
    assert len(verifier.asked) == 2
    for channel, (before, after) in enumerate(verifier.asked):
        assert before.shape == after.shape and 0 < len(before) <= len(call)
        assert np.isin(before, call[:, channel]).all() and not np.array_equal(before, after)


def test_a_file_whose_voice_can_be_told_gets_another_draw_and_at_last_no_result(call: Samples, tmp_path: Path) -> None:
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    write(source, iter([call]), RATE, 2, len(call))
    always = Given(*[0.5, 0.95] * DRAWS)
    (row,) = each([(source, target)], PROFILES["clear"], True, None, always)
    assert "who speaks in channel 2 can still be told (0.95)" in row["error"] and always.says == []
    assert list(tmp_path.iterdir()) == [source]
    once = Given(0.95, 0.5, 0.4, 0.3)
    (row,) = each([(source, target)], PROFILES["clear"], True, None, once)
    assert row["error"] is None and row["check"]["same"] == [0.4, 0.3] and target.is_file()
    first, second = once.asked[0], once.asked[2]
    assert np.array_equal(first[0], second[0]) and not np.array_equal(first[1], second[1])


def test_own_voices_are_asked_nobody_about(call: Samples) -> None:
    list(anonymize(Memory(call), None, verifier=Given()))


def test_the_loudest_seconds_are_kept_in_their_order() -> None:
    kept, verifier = Loudest(), Given(0.1)
    for number in range(SECONDS + 40):
        second = np.full(4, number, np.float32)
        kept.hear(second, -second, power=1.0 if number % 7 else 2.0)
    assert kept.similarity(verifier, RATE) == 0.1
    ((before, after),) = verifier.asked
    seconds = before[::4].tolist()
    assert len(seconds) == SECONDS and seconds == sorted(seconds)
    assert {*range(0, SECONDS + 40, 7)} <= {*seconds}
    assert np.array_equal(after, -before)


def test_silence_has_no_voice() -> None:
    check = Check(RATE, 1, Given())
    silence = np.zeros((2 * RATE, 1), np.float32)
    check.see(silence, silence, silence)
    assert check.findings().same == [None]


@pytest.mark.skipif(installed() is not None, reason="it is installed here")
def test_without_it_nobody_is_asked_and_the_message_says_what_to_install(call: Samples) -> None:
    with pytest.raises(NotInstalled, match="pip install"):
        Verifier()
    run = anonymize(Memory(call), PROFILES["clear"], verifier=installed())
    list(run)
    assert run.report["check"]["same"] == [None, None]


@pytest.mark.skipif(installed() is None, reason="the verifier is an extra: docs/privacy.md")
def test_the_real_one_knows_a_voice_and_does_not_know_its_copy(call: Samples) -> None:
    verifier = Verifier()
    for before in call.T:
        same = verifier.similarity(before, before * 0.7, RATE)
        assert same is not None and same > 0.97
    copy = np.concatenate(list(anonymize(Memory(call), PROFILES["strong"], verifier=verifier)))
    assert all((verifier.similarity(*pair, RATE) or 0) <= SAME for pair in zip(call.T, copy.T, strict=True))
    assert verifier.similarity(call[:RATE, 0], call[:RATE, 0], RATE) is None  # a second is too little
