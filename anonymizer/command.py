"""The command: `python -m anonymizer`, and `ivr anonymize`, which is the same."""

import argparse
import json
import sys
from pathlib import Path

from anonymizer.files import WrongUse, each, pairs
from anonymizer.profiles import PROFILES, Spoken
from anonymizer.speech import LANGUAGES, Speech, Whisper
from anonymizer.verifier import installed

EXAMPLE = "Example: ivr anonymize recordings/ shown/ --profile strong --report done.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "A conversation whose keys and spoken personal data are covered and whose voices are others: WAV in, WAV out, "
        "or folder in, folder out. "
        "`evaluate DIR` measures what a profile hides, on a folder of speakers (docs/privacy.md)."
    )
    parser.epilog = EXAMPLE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", type=Path, metavar="IN", help="a WAV or a folder; or the word evaluate")
    parser.add_argument("target", type=Path, metavar="OUT", help="where the result goes; it must not exist yet")
    parser.add_argument("--profile", choices=PROFILES, default="clear", help="how far the voices go (clear)")
    parser.add_argument("--only", choices=("voice", "speech", "keys"), help="do this one thing only")
    parser.add_argument("--language", choices=LANGUAGES, help="what is spoken (else: found out for each file)")
    parser.add_argument(
        "--hint", action="append", default=[], metavar="TEXT", help="a name or number that is known, to be covered, too"
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="another Whisper model (CTranslate2)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what was done as JSON")
    parser.add_argument("--json", action="store_true", help="for programs: what was done, as JSON")


def run(args: argparse.Namespace) -> int:
    """0: all done; 1: some have no result. Raises WrongUse."""
    if str(args.source) == "evaluate":
        from anonymizer.evaluation.command import evaluate  # the verifier is an extra, and large

        return evaluate(args)
    if args.report and args.report.exists():
        raise WrongUse(f"{args.report} exists already; name another file")
    if args.model and not (args.model / "model.bin").is_file():
        raise WrongUse(f"{args.model} is no folder of a CTranslate2 model (model.bin is missing)")
    profile = PROFILES[args.profile] if args.only in (None, "voice") else None
    speech = None
    if args.only in (None, "speech") or isinstance(profile, Spoken):
        speech = Speech(Whisper(args.model), args.language, args.hint, cover=args.only != "voice")
    found = pairs(args.source, args.target)
    verifier = installed() if profile else None
    rows = []
    for row in each(found, profile, args.only in (None, "keys"), speech, verifier):
        rows.append(row)
        if row["error"]:
            print(f"{row['source']}: {row['error']}; there is no result", file=sys.stderr)
        elif not args.json:
            done = f"{len(row['covered'])} covered"
            if isinstance(profile, Spoken):
                done += f"  {sum(row['unspoken_seconds']):.1f} s not understood"
            print(f"{row['result']}  {row['seconds']:.1f} s  {row['profile'] or 'own voices'}  {done}")
    text = json.dumps(rows, indent=2)
    if args.json:
        print(text)
    if args.report:
        args.report.write_text(text + "\n", encoding="utf-8")
    return int(any(row["error"] for row in rows))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m anonymizer")
    arguments(parser)
    args = parser.parse_args()
    try:
        return run(args)
    except WrongUse as error:
        print(f"anonymizer: {error}", file=sys.stderr)
        return 2
