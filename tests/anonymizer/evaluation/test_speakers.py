from pathlib import Path

import numpy as np
import pytest
import soundfile

from anonymizer.evaluation.speakers import FEWEST, over_the_line, speakers
from anonymizer.files import WrongUse
from anonymizer.sound import Samples


def test_a_line_lets_the_telephone_band_by_and_rounds_as_a_law_does(tmp_path: Path, call: Samples) -> None:
    rate = 44100
    turns = 2 * np.pi * np.arange(rate) / rate
    for hertz, passes in ((100, False), (1000, True), (3900, False)):
        soundfile.write(tmp_path / "tone.wav", 0.3 * np.sin(hertz * turns), rate)
        heard = over_the_line(tmp_path / "tone.wav")
        assert len(heard) == 8000 and (np.std(heard[500:-500]) > 0.1) is np.bool_(passes)
    soundfile.write(tmp_path / "call.wav", call[:, 0], 8000)
    heard = over_the_line(tmp_path / "call.wav")
    assert len(np.unique(heard)) <= 257  # steps of eight bits, and zero


def test_speakers_are_told_by_folder_or_by_name(tmp_path: Path) -> None:
    for number in range(FEWEST - 1):
        for take in "abc":
            soundfile.write(tmp_path / f"s{number:02}-{take}.wav", np.zeros(10), 8000)
    with pytest.raises(WrongUse, match=f"has {FEWEST - 1} speakers"):
        speakers(tmp_path)
    (tmp_path / "zoe").mkdir()
    for take in "12":
        soundfile.write(tmp_path / "zoe" / f"{take}.flac", np.zeros(10), 8000)
    found = speakers(tmp_path)
    assert len(found) == FEWEST
    assert [path.name for path in found[0][1:]] == ["s00-a.wav", "s00-b.wav"]
    assert [path.name for path in found[-1][1:]] == ["1.flac", "2.flac"]
    with pytest.raises(WrongUse, match="no folder"):
        speakers(tmp_path / "none")
