"""`ivr prompts build`: the sound of every text that holds no value, made ahead of calls; only what changed."""

import argparse
import json
import sys

from ivr.cli.installation import library as open_library
from ivr.cli.output import common
from ivr.cli.prompts.texts import folder_of, path_argument, texts, with_folder
from ivr.settings import load


def arguments(parser: argparse.ArgumentParser) -> None:
    path_argument(parser)
    common(parser, "Example: ivr prompts build flows/")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 1 when a text is missing or cannot be made; all others are made."""
    from ivr.prompts.library import PromptError

    settings = load(args.data)
    folder, flow = folder_of(args.path, settings)
    library = open_library(with_folder(settings, folder))
    result: dict[str, list[str]] = {"made": [], "kept": [], "during_calls": [], "missing": [], "failed": []}
    for one in texts(folder, flow):
        name = f"{one.flow}/{one.prompt}/{one.language}"
        if one.source == "missing":
            result["missing"].append(name)
        elif one.values:
            result["during_calls"].append(name)
        else:
            try:
                there = library.file(one).exists()
                library.make(one)
            except PromptError as error:
                result["failed"].append(name)
                print(f"ivr: {error}", file=sys.stderr)
                continue
            result["kept" if there else "made"].append(name)
    if args.json:
        print(json.dumps(result, indent=2))
    else:
        counts = {kind: len(names) for kind, names in result.items()}
        print(f"{counts['made']} made, {counts['kept']} kept; {counts['during_calls']} hold values, made during calls")
        for kind in ("missing", "failed"):
            for name in result[kind]:
                print(f"{kind}: {name}")
    return 1 if result["missing"] or result["failed"] else 0
