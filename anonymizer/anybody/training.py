"""python -m anonymizer.anybody.training [OUT]      (needs the extra `evaluation`; 25 minutes on two cores)

Teaches the network what anybody sounds like: Pico's voices speak words by chance in four languages, over a simulated
line. What is heard are these voices with their size, bend, pitch, tilt and noise changed by chance; what is wanted are
the envelopes of the unchanged ones. So who spoke cannot be learnt, and only what was said is left to go by. All chance
is of one seed.
"""

import random
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from anonymizer.anybody.network import AROUND, KEPT, STEPS, WEIGHTS
from anonymizer.anybody.sounds import PERIOD, RATE, SIZE, Floats, sounds
from anonymizer.envelope import TELEPHONE, cosines, envelope, frequencies, within
from anonymizer.evaluation.speakers import line
from anonymizer.pitch import pitch
from anonymizer.profiles import Changed, Draw
from anonymizer.retold import RATE as SPOKEN
from anonymizer.retold import VOLUME
from anonymizer.voice import Voice

SEED = 7
VOICES = {"it-IT": "it", "en-GB": "en", "en-US": "en", "de-DE": "de", "fr-FR": "fr"}
COMMON = 12000  # words of a language, by their frequency
LENGTHS = (2, 13)  # letters
WORDS = (5, 12)  # in a sentence
SPEEDS = (0.85, 1.2)
STRETCH = 28.0  # seconds
STRETCHES = 128  # of each voice
TIMES = 2  # each is heard, once unchanged in three
LEVEL = -22.0  # dBFS
SILENT = 1e-6  # mean power, below which nothing is learnt

OTHERS = Changed("others", (0.0, 0.28), (0.0, 0.15), 0.0, 0.9, (90.0, 260.0), 4.0, 40)
LOUDER, NOISE = (-8.0, 4.0), (-70.0, -45.0)  # dB; dBFS

INNER, HIDDEN = 256, 512
ROUNDS, BATCH, RATE_OF_LEARNING = 3, 512, 1.5e-3


def sentences(language: str, rng: random.Random) -> Iterator[str]:
    """Of common words, the more common the sooner; without end."""
    from spellchecker import SpellChecker

    known = SpellChecker(language=language).word_frequency.dictionary
    least, most = LENGTHS
    words = sorted((word for word in known if word.isalpha() and least <= len(word) <= most), key=lambda w: -known[w])
    words = words[:COMMON]
    weights = [known[word] ** 0.5 for word in words]
    while True:
        drawn = rng.choices(words, weights, k=rng.randint(*WORDS))
        if len(drawn) > WORDS[0] + 2:
            drawn[len(drawn) // 2] += ","
        yield " ".join(drawn).capitalize() + "."


def stretches(voice: str, language: str, rng: random.Random) -> Iterator[Floats]:
    """STRETCHES of up to STRETCH seconds over the line, at LEVEL."""
    from py_nanotts import NanoTTS

    engine, text = NanoTTS(), sentences(language, rng)
    for _ in range(STRETCHES):
        parts: list[Floats] = []
        while sum(map(len, parts)) < STRETCH * SPOKEN:
            pcm = engine.speak(next(text), voice, speed=rng.uniform(*SPEEDS), pitch=1.0, volume=VOLUME)
            parts.append(np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768))
        whole = soxr.resample(np.concatenate(parts)[: round(STRETCH * SPOKEN)], SPOKEN, RATE).astype(np.float64)
        yield line(whole * 10 ** (LEVEL / 20) / np.sqrt(np.mean(whole**2)))


def examples(voice: str, language: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all stretches: the sounds heard, with AROUND rows of nothing on either side of each; the cosines wanted
    (STEPS · KEPT a row); and where in the first the row of each of these stands."""
    rng = random.Random(f"{SEED} {voice}")  # noqa: S311 (has to be repeatable)
    band = within(frequencies(RATE), TELEPHONE)
    base = cosines(int(band.sum()), KEPT)
    noise = np.random.default_rng([SEED, *voice.encode()])
    heard, wanted, rows, voiced = [], [], [], []
    first = 0
    for sound in stretches(voice, language, rng):
        hertz = pitch(sound.astype(np.float64), RATE)
        log = envelope(sound.astype(np.float64), hertz, RATE)
        count = min(int(len(sound) / RATE / PERIOD), len(log) // STEPS)
        own = (log[: STEPS * count, band] @ base.T).reshape(count, STEPS, KEPT).astype(np.float32)
        voiced.append(own[(hertz[: STEPS * count] > 0).reshape(count, STEPS)])
        size = round(PERIOD * RATE)
        loud = np.square(sound[: count * size]).reshape(count, size).mean(axis=1) > SILENT
        for _ in range(TIMES):
            other = sound if rng.random() < 1 / 3 else _other(sound, rng, noise)
            found = sounds((other * 10 ** (rng.uniform(*LOUDER) / 20)).astype(np.float32))[:count]
            heard.append(np.pad(found, ((AROUND, AROUND), (0, 0))).astype(np.float16))
            wanted.append(own[loud].reshape(-1, STEPS * KEPT))
            rows.append(first + AROUND + np.flatnonzero(loud))
            first += count + 2 * AROUND
    colour = np.concatenate(voiced).mean(axis=0)
    return np.concatenate(heard), np.concatenate(wanted) - np.tile(colour, STEPS), np.concatenate(rows)


def _other(sound: Floats, rng: random.Random, noise: np.random.Generator) -> Floats:
    """The same said by somebody else, over another line."""
    tract, bend = (rng.choice((-1, 1)) * rng.uniform(*size) for size in (OTHERS.tract, OTHERS.bend))
    drawn = Draw(tract, bend, rng.uniform(*OTHERS.pitch), rng.uniform(-OTHERS.tilt, OTHERS.tilt))
    changed = Voice(OTHERS, RATE, drawn).change(sound).astype(np.float64)
    return line(changed + noise.normal(0, 10 ** (rng.uniform(*NOISE) / 20), len(changed)))


def train(heard: Any, wanted: Any, rows: Any) -> dict[str, Floats]:
    """The weights, as `network.expect` takes them."""
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    layers = nn.ModuleDict(
        {
            "in": nn.Linear(SIZE, INNER),
            "wide": nn.Linear(INNER * (2 * AROUND + 1), HIDDEN),
            "deep": nn.Linear(HIDDEN, HIDDEN),
            "out": nn.Linear(HIDDEN, STEPS * KEPT),
        }
    )
    drop = nn.Dropout(0.1)

    def expect(given: torch.Tensor) -> torch.Tensor:
        inner = torch.relu(layers["in"](given)).flatten(1)
        hidden = drop(torch.relu(layers["wide"](inner)))
        return torch.as_tensor(layers["out"](hidden + torch.relu(layers["deep"](hidden))))

    some = heard[::50].astype(np.float32)
    mean, spread = torch.from_numpy(some.mean(axis=0)), torch.from_numpy(some.std(axis=0))
    scale = wanted.std(axis=0)
    given, aim, at = torch.from_numpy(heard), torch.from_numpy(wanted / scale), torch.from_numpy(rows)
    # What moves most counts most; how loud it is, hardly: for the most part that is the original's.
    weight = torch.from_numpy(np.sqrt(scale / scale.max()))
    weight.view(STEPS, KEPT)[:, 0] *= 0.3
    around, rng = torch.arange(-AROUND, AROUND + 1), np.random.default_rng(SEED)
    steps = ROUNDS * len(rows) // BATCH
    learn = torch.optim.AdamW(layers.parameters(), lr=RATE_OF_LEARNING, weight_decay=1e-2)
    pace = torch.optim.lr_scheduler.OneCycleLR(learn, RATE_OF_LEARNING, total_steps=steps)
    for step in range(steps):
        chosen = torch.from_numpy(rng.choice(len(rows), BATCH))
        seen = (given[at[chosen][:, None] + around].float() - mean) / spread
        missed = (expect(seen + 0.1 * torch.randn_like(seen)) - aim[chosen]) * weight
        loss = missed.square().mean()
        learn.zero_grad()
        loss.backward()
        learn.step()
        pace.step()
        if step % 500 == 0 or step == steps - 1:
            print(f"step {step} of {steps}: {loss.item():.4f}", flush=True)
    known = {name: value.detach().numpy() for name, value in layers.state_dict().items()}
    return {**known, "mean": mean.numpy(), "spread": spread.numpy(), "scale": scale}


def main(out: Path) -> None:
    with ProcessPoolExecutor() as pool:
        parts = list(pool.map(examples, VOICES, VOICES.values()))
    starts = np.cumsum([0, *(len(heard) for heard, _, _ in parts)])
    heard, wanted = (np.concatenate([part[at] for part in parts]) for at in (0, 1))
    rows = np.concatenate([part[2] + start for part, start in zip(parts, starts, strict=False)])
    print(f"{len(rows) * PERIOD / 3600:.1f} h of speech to learn from", flush=True)
    found = train(heard, wanted, rows)
    half: dict[str, Any] = {name: value.astype(np.float16) for name, value in found.items()}
    np.savez_compressed(out, **half)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name(WEIGHTS))
