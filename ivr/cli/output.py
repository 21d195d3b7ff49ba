"""What all sub-commands share: common options, tables, JSON, problems."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any


def common(parser: argparse.ArgumentParser, example: str) -> None:
    parser.epilog = example
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, metavar="DIR", help="the installation's folder (data)")
    parser.add_argument("--json", action="store_true", help="for programs")


def span(text: str) -> tuple[date, date]:
    """Days, the last included; one day alone is both."""
    first, dots, last = text.partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last if dots else first)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no span of days; write 2026-11-01..2026-11-24") from None
    if days[0] > days[1]:
        raise argparse.ArgumentTypeError(f"'{text}' ends before it begins")
    return days


def emit(args: argparse.Namespace, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows as a table of `columns`, or, with --json, whole as a list."""
    if args.json:
        print(json.dumps([dict(row) for row in rows], indent=2, default=str))
        return
    texts = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(columns, *texts, strict=True)]
    for cells in ([name.upper() for name in columns], *texts):
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


def show(args: argparse.Namespace, row: Mapping[str, Any]) -> None:
    """One thing, whole."""
    if args.json:
        print(json.dumps(dict(row), indent=2, default=str))
        return
    width = max(map(len, row))
    for name, value in row.items():
        print(f"{name.ljust(width)}  {_cell(value)}")


def problem(message: str) -> int:
    print(f"ivr: {message}", file=sys.stderr)
    return 1


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, dict):
        return ",".join(f"{key}:{one}" for key, one in value.items())
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ", timespec="seconds")) if hasattr(value, "hour") else str(value)
    return f"{value:.1f}" if isinstance(value, float) else str(value)
