"""`ivr prompts play`: hear one prompt as callers do, or have it as a file."""

import argparse
import asyncio
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr.cli.installation import library as open_library
from ivr.cli.output import common, emit
from ivr.cli.prompts.texts import ENGINE, PromptsProblem, Text, WrongUse, folder_of, texts
from ivr.settings import load

if TYPE_CHECKING:
    from ivr.prompts.library import Library

PLAYERS = (
    ("aplay", "-q"),
    ("play", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the prompt's name")
    parser.add_argument("--lang", default="", metavar="L", help="its language (the flow's first)")
    parser.add_argument("--flow", default="", metavar="F", help="the flow, where two have a prompt of that name")
    parser.add_argument(
        "--value",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="for a text that holds values; may be repeated",
    )
    parser.add_argument("--save", type=Path, metavar="FILE.wav", help="write it there instead of playing it")
    parser.add_argument("--force", action="store_true", help="overwrite FILE.wav")
    common(parser, "Example: ivr prompts play welcome --lang de --save welcome.wav")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from ivr.prompts.library import PromptError

    settings = load(args.data)
    folder, _ = folder_of(None, settings)
    one = _choose(texts(folder), args.name, args.lang, args.flow)
    if args.save and args.save.exists() and not args.force:
        raise PromptsProblem(f"{args.save} is there already; --force overwrites it")
    try:
        path = asyncio.run(_sound(open_library(settings), one, args.value))
        row = _hear(path, args.save, Path(f"{one.prompt}.{one.language}.wav"))
    except (PromptError, OSError) as error:
        raise PromptsProblem(str(error)) from error
    emit(args, [{"prompt": one.prompt, "language": one.language} | row], ["prompt", "language", "played_with", "file"])
    return 0


async def _sound(library: "Library", one: Text, given: list[str]) -> Path:
    """A text with values is made as during a call, and goes away like what is said there."""
    try:
        return await library.ready(_filled(one, given)) if one.values else await asyncio.to_thread(library.make, one)
    finally:
        await library.close()


def _filled(one: Text, given: list[str]) -> Text:
    from ivr.flow import builtin, expressions

    wanted = list(dict.fromkeys(name for name, _ in expressions.values_in(one.text)))
    values = dict(each.split("=", 1) for each in given if "=" in each)
    if lacking := [name for name in wanted if name not in values]:
        options = " ".join(f"--value {name}=…" for name in lacking)
        raise WrongUse(f"the text of '{one.prompt}' holds values: {one.text!r}; give {options}")
    if one.flow == ENGINE:
        try:
            return replace(one, text=builtin.builtin_say(one.prompt, one.language, **values).text)
        except ValueError as error:
            raise WrongUse(f"{error}") from error
    names: dict[str, Any] = {}
    for name in wanted:
        *outer, last = name.split(".")
        place = names
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = _value(values[name])
    try:
        return replace(one, text=expressions.fill(one.text, names, one.language))
    except expressions.ExpressionError as error:
        raise WrongUse(f"{error}; a time is given as 2026-11-24T10:00") from error


def _value(text: str) -> object:
    try:
        return datetime.fromisoformat(text) if "T" in text else text
    except ValueError:
        return text


def _hear(path: Path, save: Path | None, otherwise: Path) -> dict[str, str]:
    """Play with the first player this machine has; without one, or when one is named, write a file."""
    player = next(((found, *options) for name, *options in PLAYERS if (found := shutil.which(name))), None)
    if save is None and player:
        done = subprocess.run([*player, str(path)], capture_output=True, text=True)
        if done.returncode == 0:
            return {"played_with": player[0], "file": ""}
        print(f"ivr: {player[0]}: {done.stderr.strip().splitlines()[-1:]}; writing a file instead", file=sys.stderr)
    elif save is None:
        names = ", ".join(name for name, *_ in PLAYERS)
        print(f"ivr: this machine has no player ({names}); writing a file instead", file=sys.stderr)
    target = save or otherwise
    if save is None and target.exists():
        raise PromptsProblem(f"{target} is there already; choose another file with --save")
    shutil.copyfile(path, target)
    return {"played_with": "", "file": str(target)}


def _choose(all_texts: list[Text], name: str, language: str, flow: str) -> Text:
    named = [one for one in all_texts if one.prompt == name and flow in ("", one.flow)]
    if not named:
        close = get_close_matches(name, sorted({one.prompt for one in all_texts}), 1, 0.6)
        where = f"flow '{flow}' has" if flow else "there is"
        raise WrongUse(f"{where} no prompt '{name}'" + (f"; did you mean '{close[0]}'?" if close else ""))
    language = language or named[0].language
    spoken = [one for one in named if one.language == language]
    if not spoken:
        raise WrongUse(
            f"prompt '{name}' is not in '{language}'; it is in {', '.join({one.language: 0 for one in named})}"
        )
    if len({(one.text, one.recording) for one in spoken}) > 1:
        raise WrongUse(f"prompt '{name}' is in {', '.join(one.flow for one in spoken)}; choose one with --flow")
    if spoken[0].source == "missing":
        raise PromptsProblem(f"prompt '{name}' of flow '{spoken[0].flow}' has no text in '{language}'")
    return spoken[0]
