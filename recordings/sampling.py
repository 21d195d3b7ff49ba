"""Drawing a sample: pure.

Each recording has a lot, which is chance but always the same for it (`ivr.store.catalogue.lot`): a permanent random
number (Ohlsson, "Coordination of samples using permanent random numbers", in Business Survey Methods, 1995). A seed
puts all lots into an order of its own: a·lot + b modulo a prime, with a and b made of the seed, which is a universal
hash (Carter and Wegman, "Universal classes of hash functions", Journal of Computer and System Sciences 18, 1979). The
first n of a stratum in that order are a simple random sample of it. So a store can be asked for the few that may be
drawn, and the same seed draws the same from the same.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from ivr.store.catalogue import LOTS

PRIME = LOTS
MOST_SEED = (1 << 53) - 1  # what JSON's readers hold exactly
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Order:
    """Where a lot comes under a seed: `place` = (factor · lot + shift) modulo PRIME."""

    factor: int
    shift: int

    def place(self, lot: int) -> int:
        return (self.factor * lot + self.shift) % PRIME


def order(seed: int) -> Order:
    digest = hashlib.sha256(str(seed).encode()).digest()
    return Order(1 + int.from_bytes(digest[:16]) % (PRIME - 1), int.from_bytes(digest[16:]) % PRIME)


@dataclass(frozen=True)
class Candidate:
    id: str
    stratum: int
    place: int


def allocate(there: Sequence[int], size: int, *, equal: bool = False) -> list[int]:
    """How many of each stratum, `size` in all, or all there are when these are fewer.

    In proportion to what is there, by the largest remainder (Hare and Niemeyer): each within one of its exact share. Or
    `equal`: the same of each, and what a small stratum does not have is shared out among the larger.
    """
    total = sum(there)
    size = min(size, total)
    if equal:
        drawn, left = [0] * len(there), size
        for rank, stratum in enumerate(sorted(range(len(there)), key=lambda one: (there[one], one))):
            drawn[stratum] = min(there[stratum], left // (len(there) - rank))
            left -= drawn[stratum]
        return drawn
    shares = [divmod(size * one, total or 1) for one in there]
    drawn = [whole for whole, _ in shares]
    by_remainder = sorted(range(len(there)), key=lambda one: (-shares[one][1], -there[one], one))
    for stratum in by_remainder[: size - sum(drawn)]:
        drawn[stratum] += 1
    return drawn


def pick(candidates: Iterable[Candidate], drawn: Sequence[int]) -> list[Candidate]:
    """The first of each stratum, `drawn` of it; in the order of their places, so that whoever stops midway has heard a
    sample of the sample."""
    left, picked = list(drawn), []
    for one in sorted(candidates, key=lambda one: (one.place, one.id)):
        if left[one.stratum]:
            left[one.stratum] -= 1
            picked.append(one)
    return picked


def interval(good: float, drawn: int, there: int) -> tuple[float, float]:
    """Between what the share of good ones lies in the whole, with 95 % confidence, when `good` of `drawn` are.

    Wilson's score interval ("Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22, 1927). The variance of a share drawn without replacement is that of a larger
    sample drawn with it, of n (N - 1) / (N - n) (Cochran, Sampling Techniques, 1977, chapter 3), which stands in for n.
    """
    if drawn == 0:
        return 0.0, 1.0
    share = good / drawn
    if drawn >= there:
        return share, share
    n = drawn * (there - 1) / (there - drawn)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def precision(drawn: int, there: int) -> Mapping[str, float]:
    """What a size gives before anybody has listened: the interval where it is widest, at a share of one half."""
    low, high = interval(drawn / 2, drawn, there)
    return {"low": round(low, 4), "high": round(high, 4)}
