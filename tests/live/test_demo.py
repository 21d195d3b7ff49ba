"""`ivr demo`, as a newcomer would try it."""

import numpy as np

from tests.live.conftest import Installation
from tests.live.sound import RATE


def test_a_whole_call_before_your_eyes(installation: Installation) -> None:
    steps = installation.steps("demo")
    results = [one["step"] for one in steps if one["who"] == "result"]
    assert len(results) == 2 and results[0].startswith("ticket ") and results[1].startswith("recording of ")
    tape = installation.tape(results[1].split()[-2])
    assert len(tape) > 5 * RATE
    loudness = 20 * np.log10(np.sqrt((tape**2).mean(axis=0)))
    assert (loudness > -35).all(), "both speak in the conversation"
