"""Sound as Asterisk plays it on a telephone line: mono, 8 kHz, 16 bit, at one level, without silence at the ends.

Samples are float32 arrays of shape (n,), full scale ±1.
"""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 8000
SPEECH_LEVEL = -20.0  # dBFS over the speech, the level telephone announcements are made at (ITU-T G.711 practice)
PEAK = 0.8
SILENCE = -45.0  # dB below the loudest frame: quieter ends are cut
FRAME = RATE // 100
MARGIN = RATE // 20


def level(samples: Samples) -> Samples:
    """Bring the speech to SPEECH_LEVEL, never above PEAK; silence stays silence."""
    loud = samples[np.abs(samples) > 0.01]
    if loud.size == 0:
        return samples
    gain = 10 ** (SPEECH_LEVEL / 20) / float(np.sqrt(np.mean(loud**2)))
    return (samples * min(gain, PEAK / float(np.max(np.abs(samples))))).astype(np.float32)


def trim(samples: Samples) -> Samples:
    """Cut silence at both ends, leaving 50 ms."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    if frames.size == 0:
        return samples
    power = np.sqrt(np.mean(frames**2, axis=1))
    heard = np.nonzero(power > power.max() * 10 ** (SILENCE / 20))[0]
    if power.max() == 0 or heard.size == 0:
        return samples
    return samples[max(0, heard[0] * FRAME - MARGIN) : (heard[-1] + 1) * FRAME + MARGIN]


def for_telephone(samples: Samples, rate: int) -> Samples:
    """Any mono sound at `rate` Hz as a prompt."""
    narrow = soxr.resample(samples, rate, RATE) if rate != RATE else samples
    return level(trim(np.asarray(narrow, dtype=np.float32)))


def read(path: Path) -> tuple[Samples, int]:
    """(samples, rate) of a sound file of any common format, mixed to mono. Raises soundfile.LibsndfileError."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return samples.mean(axis=1).astype(np.float32), rate


def write(path: Path, samples: Samples) -> None:
    """Write a prompt as WAV PCM; the file appears whole or not at all."""
    part = path.with_suffix(f".{id(samples):x}.part")
    soundfile.write(part, samples, RATE, subtype="PCM_16", format="WAV")
    part.replace(path)
