"""The network: the sounds around a moment in, the envelope's cosines at that moment out. Its weights come with the
package (`README.md` says of what), made by `python -m anonymizer.anybody.training`."""

from functools import cache
from importlib.resources import files

import numpy as np

from anonymizer.anybody.sounds import Floats, sounds

AROUND = 3  # frames of sounds on either side
KEPT = 32  # cosines of an envelope within the telephone's band
STEPS = 4  # of the pitch's PERIOD, in one of the sounds'
WEIGHTS = "weights.npz"


def anybody(samples: Floats, frames: int) -> Floats:
    """Of sound of 8 kHz: what its envelope's cosines would be, `frames` rows of them, one each 5 ms, about the mean of
    who speaks. Raises NotRecognised."""
    heard = sounds(samples)
    if not len(heard):
        return np.zeros((frames, KEPT), np.float32)
    expected = expect(weights(), heard)
    return expected[np.minimum(np.arange(frames), len(expected) - 1)]


def expect(known: dict[str, Floats], heard: Floats) -> Floats:
    """STEPS rows for each row that is heard."""
    nothing = np.zeros((AROUND, heard.shape[1]), np.float32)
    seen: Floats = (np.concatenate([nothing, heard, nothing]) - known["mean"]) / known["spread"]
    around = _relu(seen @ known["in.weight"].T + known["in.bias"])
    size = around.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(around, 2 * AROUND + 1, axis=0)
    flat = windows.transpose(0, 2, 1).reshape(len(heard), size * (2 * AROUND + 1))
    hidden = _relu(flat @ known["wide.weight"].T + known["wide.bias"])
    hidden = hidden + _relu(hidden @ known["deep.weight"].T + known["deep.bias"])
    out = (hidden @ known["out.weight"].T + known["out.bias"]) * known["scale"]
    return out.reshape(-1, KEPT)


@cache
def weights() -> dict[str, Floats]:
    with (files("anonymizer.anybody") / WEIGHTS).open("rb") as file:
        return {name: np.asarray(value, np.float32) for name, value in np.load(file).items()}


def _relu(values: Floats) -> Floats:
    positive: Floats = np.maximum(values, 0)
    return positive
