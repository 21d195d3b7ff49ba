"""What is spoken is what is stored, to the sample, in 8 kHz and in wideband; `bench.recorded` does it with
half an hour."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.recorded import NotFound, compare, conversation, installation
from tests.live.conftest import Installation

ASKED = 20.0  # milliseconds


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for each: a robot phone whose sound begins twice within one second keeps nothing of what it heard."""
    with installation(tmp_path_factory.mktemp("house")) as one:
        yield one


@pytest.mark.parametrize("wideband", [False, True])
def test_both_sides_as_they_were_said(house: Installation, tmp_path: Path, wideband: bool) -> None:
    """Phones that get no CPU for a while on a busy machine lose packets: one call of three must be whole."""
    seen: list[object] = []
    for attempt in "123":
        (tmp_path / attempt).mkdir()
        call = conversation(house, tmp_path / attempt, 18, wideband=wideband)
        try:
            seen += (found := compare(call))
        except NotFound as error:
            seen.append(error)
            continue
        if all(max(abs(one.drift), one.first, one.last) <= ASKED and one.likeness > 0.9 for one in found):
            break
    else:
        pytest.fail(str(seen))
    for channel in (call.left, call.right):
        spectrum = np.abs(np.fft.rfft(channel)) ** 2
        high = np.fft.rfftfreq(len(channel), 1 / call.rate) > 4500
        assert (spectrum[high].sum() > 0.2 * spectrum.sum()) == wideband
