"""Stretches of a conversation that nobody may hear: what kind of thing stood there, from when to when, never what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from anonymizer.sound import Samples

TONE = 440.0  # Hz; no key has it
LOUDNESS = 0.02  # RMS of the tone, -34 dBFS: heard, never startling
FADE = 0.005


@dataclass(frozen=True, order=True)
class Span:
    """Seconds from the beginning. `kind` is `key`, or the kind of what was said."""

    start: float
    end: float
    kind: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, with those of one kind that touch each other as one."""
    done: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.kind, one.start)):
        if done and done[-1].kind == span.kind and span.start <= done[-1].end:
            done[-1] = Span(done[-1].start, max(done[-1].end, span.end), span.kind)
        else:
            done.append(span)
    return sorted(done)


def mute(block: Samples, first: int, rate: int, spans: Sequence[Span]) -> Samples:
    """The block that begins at frame `first`, with nothing left of what stood in the spans, in any channel."""
    muted = block.copy()
    for begin, end in _within(spans, first, len(block), rate):
        muted[max(0, begin) : end] = 0
    return muted


def tone(block: Samples, first: int, rate: int, spans: Sequence[Span]) -> Samples:
    """The block with a soft tone in place of the spans, in all channels."""
    toned = block.copy()
    for begin, end in _within(spans, first, len(block), rate):
        here = np.arange(max(0, begin), min(end, len(block)))
        edge = np.minimum(here - begin + 1, end - here) / (FADE * rate)
        sine = LOUDNESS * np.sqrt(2) * np.sin(2 * np.pi * TONE / rate * (here - begin)) * np.minimum(1, edge)
        toned[here] = sine.astype(np.float32)[:, None]
    return toned


def _within(spans: Sequence[Span], first: int, length: int, rate: int) -> Iterable[tuple[int, int]]:
    """(begin, end) in frames from `first`, of the spans that touch the block; begin may be before it, end behind."""
    for span in spans:
        begin, end = int(span.start * rate) - first, -int(-span.end * rate // 1) - first
        if begin < length and end > 0:
            yield begin, end
