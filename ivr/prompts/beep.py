"""The beep before a message: 1,400 Hz for 0.4 s, the tone that announces recording (ITU-T E.180, supplement 2)."""

from pathlib import Path

import numpy as np

from ivr.prompts import audio

HERTZ, SECONDS, LEVEL = 1400.0, 0.4, 0.1


def beep(folder: Path) -> Path:
    """The file that beeps; made if it is not there."""
    path = folder / "beep.wav"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        times = np.arange(int(audio.RATE * SECONDS)) / audio.RATE
        audio.write(path, (LEVEL * np.sin(2 * np.pi * HERTZ * times)).astype(np.float32))
    return path
