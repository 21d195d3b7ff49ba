"""How far a voice is taken from its own: the profiles, and the parameters drawn anew for each channel of each file."""

import math
import secrets
from dataclasses import dataclass

_chance = secrets.SystemRandom()

WITHIN = (0.2, 0.8)  # of its share of the sizes, in which a channel's is drawn


@dataclass(frozen=True)
class Changed:
    """The waveform is made another one. Ranges are (least, most) of the size of a change; whether it goes up or down is
    drawn as well."""

    name: str
    tract: tuple[float, float]  # octaves by which the spectral envelope is stretched, as by another vocal tract
    bend: tuple[float, float]  # octaves by which the exponent of McAdams' warp differs from 1; (0, 0): none
    jitter: float  # octaves by which the stretch wanders within a piece, so that it is not one number to be found
    melody: float  # what remains of the movement of the pitch: 0 is a monotone
    pitch: tuple[float, float]  # Hz, of the common pitch
    tilt: float  # dB an octave, at most, up or down
    cepstrum: int  # coefficients that remain of the spectral envelope
    anybody: bool = False  # the envelope is what anybody's would be who says the same (over the telephone's band)


@dataclass(frozen=True)
class Spoken:
    """What was recognised is spoken anew by a synthetic voice; nothing of the waveform remains. Ranges are (least,
    most)."""

    name: str
    size: tuple[float, float]  # octaves by which the whole voice is moved, as by a smaller or larger body
    pitch: tuple[float, float]  # octaves by which its pitch is moved besides
    speed: tuple[float, float]  # times that of the synthetic voice, where the original leaves it open


Profile = Changed | Spoken


@dataclass(frozen=True)
class Draw:
    """One channel's parameters. They live as long as the run, are written nowhere, and follow from nothing."""

    tract: float  # octaves, signed
    bend: float  # octaves, signed
    pitch: float  # Hz
    tilt: float  # dB an octave, signed


STRONG = Changed("strong", (0.0, 0.06), (0.0, 0.0), 0.01, 0.5, (115.0, 185.0), 2.0, 32, anybody=True)
# Nobody can wait for what comes next to know a sound: there the speaker's own envelope is bent as far as it can be.
LIVE = Changed("live", (0.10, 0.26), (0.10, 0.30), 0.06, 0.7, (115.0, 185.0), 3.0, 16)
PROFILES: dict[str, Profile] = {
    one.name: one
    for one in (
        Changed("clear", (0.10, 0.26), (0.0, 0.0), 0.04, 0.7, (115.0, 185.0), 2.0, 24),
        STRONG,
        Spoken("synthetic", (-0.20, 0.10), (-0.15, 0.15), (0.95, 1.10)),
    )
}


@dataclass(frozen=True)
class Speaker:
    """Who speaks anew on one channel: factors of the synthetic voice's frequencies, pitch and speed."""

    size: float
    pitch: float
    speed: float


def keeps_up(profile: Profile) -> Changed:
    """What stands for the profile in a live call, where nobody can wait until what is said has been understood."""
    return profile if isinstance(profile, Changed) and not profile.anybody else LIVE


def speakers(profile: Spoken, channels: int) -> list[Speaker]:
    """One for each channel, none as large as another: who speaks must be told from who answers."""
    low, high = profile.size
    width = (high - low) / channels
    places = list(range(channels))
    _chance.shuffle(places)
    return [
        Speaker(
            2 ** (low + width * (place + _chance.uniform(*WITHIN))),
            2 ** _chance.uniform(*profile.pitch),
            _chance.uniform(*profile.speed),
        )
        for place in places
    ]


def draw(profile: Changed) -> Draw:
    """From the operating system's cryptographic generator."""
    low, high = profile.pitch
    return Draw(
        _signed(profile.tract),
        _signed(profile.bend),
        low * math.exp(_chance.uniform(0, math.log(high / low))),
        _chance.uniform(-profile.tilt, profile.tilt),
    )


def wander(knots: int, size: float) -> list[float]:
    """`knots` numbers within ± `size`."""
    return [_chance.uniform(-size, size) for _ in range(knots)]


def _signed(sizes: tuple[float, float]) -> float:
    return _chance.choice((-1, 1)) * _chance.uniform(*sizes)
