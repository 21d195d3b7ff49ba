"""WAV files and folders of them made anonymous. A result appears under its name only when its check has passed."""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from anonymizer.check import NotAnonymised, StillTheirs
from anonymizer.profiles import Profile
from anonymizer.run import anonymize
from anonymizer.sound import SoundError, Wav, write
from anonymizer.speech import Speech
from anonymizer.verifier import Verifier

DRAWS = 3  # of a voice, until one is not taken for the original's


class WrongUse(Exception):
    """Asked for what cannot be; the message says what and what to do."""


def pairs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """(original, result) of one WAV, or of each in a folder and those below it. Raises WrongUse."""
    if not source.exists():
        raise WrongUse(f"{source} does not exist")
    if source.resolve() == target.resolve():
        raise WrongUse(f"{target} is the original itself; name another place")
    if not source.is_dir():
        found = [(source, target / source.name if target.is_dir() else target)]
    else:
        if target.is_file() or target.resolve().is_relative_to(source.resolve()):
            raise WrongUse(f"{target} must be a folder outside {source}")
        names = sorted(one for one in source.rglob("*") if one.is_file() and one.suffix.lower() == ".wav")
        if not names:
            raise WrongUse(f"{source} holds no WAV (files that end in .wav)")
        found = [(one, target / one.relative_to(source)) for one in names]
    for _, result in found:
        if result.exists():
            raise WrongUse(f"{result} exists already; remove it or name another place")
    return found


def each(
    found: list[tuple[Path, Path]],
    profile: Profile | None,
    keys: bool,
    speech: Speech | None,
    verifier: Verifier | None = None,
) -> Iterator[dict[str, Any]]:
    """A row for each: what was done, or `error` with what was wrong, and then no result."""
    for source, result in found:
        row: dict[str, Any] = {"source": str(source), "result": None, "error": None}
        try:
            row |= one(source, result, profile, keys, speech, verifier)
        except (SoundError, NotAnonymised, OSError) as error:
            row["error"] = str(error)
        yield row


def one(
    source: Path,
    result: Path,
    profile: Profile | None,
    keys: bool,
    speech: Speech | None,
    verifier: Verifier | None = None,
) -> dict[str, Any]:
    """The run's report. Raises SoundError, NotAnonymised, OSError; then there is no `result`."""
    for _ in range(DRAWS - 1):
        with suppress(StillTheirs):
            return _one(source, result, profile, keys, speech, verifier)
    return _one(source, result, profile, keys, speech, verifier)


def _one(
    source: Path, result: Path, profile: Profile | None, keys: bool, speech: Speech | None, verifier: Verifier | None
) -> dict[str, Any]:
    wav = Wav(source)
    run = anonymize(wav, profile, keys, speech=speech, verifier=verifier)
    result.parent.mkdir(parents=True, exist_ok=True)
    part = result.with_name(f".{result.name}.{secrets.token_hex(4)}.part")
    try:
        part.touch(mode=0o600, exist_ok=False)
        write(part, run, wav.rate, wav.channels, wav.expected)
        if result.exists():
            raise FileExistsError(f"{result} has appeared meanwhile")
        part.replace(result)
    finally:
        part.unlink(missing_ok=True)
    return {"result": str(result), **run.report}
