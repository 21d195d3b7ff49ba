"""`ivr prompts import`: a studio's recordings, looked over, into the flows' folder."""

import argparse
import math
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr.cli.output import common, emit
from ivr.cli.prompts.texts import ENGINE, PromptsProblem, Text, WrongUse, folder_of, texts
from ivr.settings import load

if TYPE_CHECKING:
    from ivr.prompts.studio import Finding

KINDS = {".wav", ".flac", ".aif", ".aiff"}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", type=Path, metavar="FILE|DIR", help="one recording, or a folder with LANGUAGE/NAME.wav"
    )
    parser.add_argument("--prompt", default="", metavar="NAME", help="the prompt that FILE speaks")
    parser.add_argument("--lang", default="", metavar="L", help="the language of FILE")
    parser.add_argument("--force", action="store_true", help="replace a recording that is there; take a doubtful one")
    common(parser, "Example: ivr prompts import welcome.flac --prompt welcome --lang it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 1 when a file was refused; all others are taken."""
    folder, _ = folder_of(None, load(args.data))
    known = [one for one in texts(folder) if one.flow != ENGINE]
    rows = [_import(file, prompt, language, known, folder, args.force) for file, prompt, language in _wanted(args)]
    if not args.json:
        for row in rows:
            for one in row["findings"]:
                print(
                    f"{row['file']}: {one['severity']} {one['code']}: {one['message']}; {one['hint']}", file=sys.stderr
                )
    emit(args, rows, ["file", "prompt", "language", "taken", "seconds", "level"])
    return 0 if all(row["taken"] for row in rows) else 1


def _wanted(args: argparse.Namespace) -> Iterator[tuple[Path, str, str]]:
    """(file, prompt, language)"""
    source: Path = args.source
    if source.is_dir():
        if args.prompt or args.lang:
            raise WrongUse(f"{source} is a folder: its files' places tell language and prompt, as it/welcome.wav")
        files = sorted(path for path in source.glob("*/*") if path.suffix.lower() in KINDS)
        if not files:
            raise PromptsProblem(f"{source}: there is no recording; they are looked for as it/welcome.wav")
        yield from ((path, path.stem, path.parent.name) for path in files)
        return
    if not source.exists():
        raise WrongUse(f"{source} does not exist")
    if not (args.prompt and args.lang):
        raise WrongUse(f"say what {source} speaks: --prompt NAME --lang LANGUAGE")
    yield source, args.prompt, args.lang


def _import(file: Path, prompt: str, language: str, known: list[Text], folder: Path, force: bool) -> dict[str, Any]:
    from ivr.prompts import studio

    target = folder / "prompts" / language / f"{prompt}.wav"
    findings = list(_place(prompt, language, known, target, force))
    take = studio.examine(file)
    findings += take.findings
    taken = not any(one.severity == "error" for one in findings) and not take.refused(force)
    if taken:
        try:
            studio.keep(take, target)
        except OSError as error:
            raise PromptsProblem(f"{target}: {error.strerror}") from error
    return {
        "file": str(file),
        "prompt": prompt,
        "language": language,
        "taken": taken,
        "target": str(target) if taken else None,
        "seconds": take.seconds,
        "level": take.level if math.isfinite(take.level) else None,
        "findings": [vars(one) for one in findings],
    }


def _place(prompt: str, language: str, known: list[Text], target: Path, force: bool) -> "Iterator[Finding]":
    """What is wrong with where it shall go."""
    from ivr.prompts.studio import Finding

    named = [one for one in known if one.prompt == prompt]
    if not named:
        close = get_close_matches(prompt, {one.prompt for one in known}, 1, 0.6)
        hint = f"did you mean '{close[0]}'?" if close else "`ivr prompts list` shows them all"
        yield Finding("error", "unknown-prompt", f"no flow has a prompt '{prompt}'", hint)
    elif not (spoken := [one for one in named if one.language == language]):
        languages = ", ".join(dict.fromkeys(one.language for one in named))
        yield Finding(
            "error", "unknown-language", f"prompt '{prompt}' is not spoken in '{language}'", f"it is in {languages}"
        )
    elif any("{" in one.text for one in spoken):
        message = f"the text of '{prompt}' holds values, which a recording does not speak"
        yield Finding("warning", "values", message, "make it a prompt of its own, before or after this one")
    if target.exists() and not force:
        yield Finding("error", "there-already", f"{target} is there already", "--force replaces it")
