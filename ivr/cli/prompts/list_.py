"""`ivr prompts list` and `ivr prompts missing`: where the sound of each text comes from."""

import argparse
import math
from typing import Any

from ivr.cli.installation import library as open_library
from ivr.cli.output import common, emit
from ivr.cli.prompts.texts import ENGINE, Text, folder_of, path_argument, texts, with_folder
from ivr.settings import load

COLUMNS = ["flow", "prompt", "language", "source", "seconds", "level", "made"]


def arguments(parser: argparse.ArgumentParser) -> None:
    path_argument(parser)
    parser.add_argument("--language", default="", metavar="L", help="only in this language")
    parser.add_argument("--flow", default="", metavar="F", help="only of this flow")
    common(parser, "Example: ivr prompts list --language de --flow assistenza")
    parser.set_defaults(run=_list)


def arguments_missing(parser: argparse.ArgumentParser) -> None:
    path_argument(parser)
    parser.add_argument(
        "--recordings", action="store_true", help="a text that only the synthesiser speaks is missing, too"
    )
    common(parser, "Example: ivr prompts missing --recordings")
    parser.set_defaults(run=_missing)


def _list(args: argparse.Namespace) -> int:
    from ivr.prompts import audio
    from ivr.prompts.audio import AudioError
    from ivr.prompts.library import PromptError

    settings = load(args.data)
    folder, flow = folder_of(args.path, settings)
    library = open_library(with_folder(settings, folder))

    def row(one: Text) -> dict[str, Any]:
        values: dict[str, Any] = {"seconds": None, "level": None, "made": False}
        try:
            if not one.values and one.source != "missing" and (path := library.file(one)).exists():
                samples, rate = audio.read(path)
                level = audio.loudness(samples, rate)
                values = {"seconds": len(samples) / rate, "level": None if level == -math.inf else level, "made": True}
        except (AudioError, PromptError) as error:
            values["problem"] = str(error)
        if one.values:
            values["made"] = None  # during the call
        about = {"flow": one.flow, "prompt": one.prompt, "language": one.language, "source": one.source}
        return about | values

    found = [one for one in texts(folder, flow) if args.language in ("", one.language) and args.flow in ("", one.flow)]
    rows = [row(one) for one in found]
    emit(args, rows if args.json else [_words(one) for one in rows], COLUMNS)
    return 0


def _words(row: dict[str, Any]) -> dict[str, Any]:
    """As a person reads it."""
    made = {True: "yes", False: "no", None: "in the call"}[row["made"]]
    return {name: "-" if value is None else value for name, value in row.items()} | {"made": made}


def _missing(args: argparse.Namespace) -> int:
    """Exit status 1 when something is missing."""
    settings = load(args.data)
    found = texts(*folder_of(args.path, settings))
    rows = [
        {"flow": one.flow, "prompt": one.prompt, "language": one.language, "missing": what}
        for one in found
        if (what := _lacks(one, args.recordings))
    ]
    emit(args, rows, ["flow", "prompt", "language", "missing"])
    return 1 if rows else 0


def _lacks(one: Text, recordings: bool) -> str:
    if one.source == "missing":
        return "text"
    # A studio cannot record values, and the engine's own texts have no place for recordings.
    wanted = recordings and not one.values and one.flow != ENGINE
    return "recording" if wanted and one.source != "recording" else ""
