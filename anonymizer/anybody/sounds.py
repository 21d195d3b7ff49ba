"""Which sounds are spoken, as the recogniser hears them: the first layers of Whisper's encoder, whose later ones know
words rather than sounds. CTranslate2 counts a model's layers as it finds them in its file, so the rest is left out of
the file (its format: `model_spec.py` of OpenNMT/CTranslate2)."""

import re
import struct
from functools import cache
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from anonymizer.speech.whisper import WEIGHTS, failures, load, packaged
from anonymizer.speech.words import RATE as RECOGNISED

RATE = 8000
PERIOD = 0.02  # seconds between frames
SIZE = 512  # values of a frame
LAYERS = {"encoder": 4, "decoder": 1}  # the decoder is not used, but a model without one is none
LONGEST = 28.0  # seconds that are heard at a time; the model takes 30

Floats = NDArray[np.float32]


def sounds(samples: Floats) -> Floats:
    """Of RATE: one row of SIZE values for each full PERIOD. Raises NotRecognised."""
    size = round(LONGEST * RATE)
    parts = [_sounds(samples[first : first + size]) for first in range(0, len(samples), size)]
    return np.concatenate([np.zeros((0, SIZE), np.float32), *parts])


def _sounds(samples: Floats) -> Floats:
    count = int(len(samples) / RATE / PERIOD)
    if not count:
        return np.zeros((0, SIZE), np.float32)
    with failures():
        model = _model()
        features = model.feature_extractor(soxr.resample(samples, RATE, RECOGNISED).astype(np.float32))
        heard = np.asarray(model.encode(np.ascontiguousarray(features[:, : 2 * count])))
    return heard[0, :count].astype(np.float32)


@cache
def _model() -> Any:
    files = packaged()
    files[WEIGHTS] = first_layers(files[WEIGHTS])
    return load("base", files)


def first_layers(model: bytes) -> bytes:
    """A CTranslate2 model of which LAYERS are left."""
    _, at = _text(model, 4)  # after the format's version: the kind of model
    (count,) = struct.unpack_from("<I", model, at + 4)
    head, at = model[: at + 4], at + 8
    kept, at = _kept(model, at, count, _after_variable)
    (count,) = struct.unpack_from("<I", model, at)
    aliases, _ = _kept(model, at + 4, count, lambda data, at: _text(data, at)[1])
    return b"".join([head, struct.pack("<I", len(kept)), *kept, struct.pack("<I", len(aliases)), *aliases])


def _kept(model: bytes, at: int, count: int, after: Any) -> tuple[list[bytes], int]:
    kept = []
    for _ in range(count):
        name, end = _text(model, at)
        end = after(model, end)
        layer = re.match(r"(\w+)/layer_(\d+)/", name)
        if not layer or int(layer[2]) < LAYERS[layer[1]]:
            kept.append(model[at:end])
        at = end
    return kept, at


def _text(model: bytes, at: int) -> tuple[str, int]:
    """A text with its length before it and a zero behind, and where it ends."""
    (length,) = struct.unpack_from("<H", model, at)
    return model[at + 2 : at + 2 + length].rstrip(b"\0").decode(), at + 2 + length


def _after_variable(model: bytes, at: int) -> int:
    """Rank, sizes, type and number of bytes stand before a variable's data."""
    (length,) = struct.unpack_from("<I", model, at + 1 + 4 * model[at] + 1)
    return int(at + 1 + 4 * model[at] + 1 + 4 + length)
