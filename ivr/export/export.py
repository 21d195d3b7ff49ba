"""The folder of an export: a file a table, `dictionary.csv`, and `manifest.json`, which is written last."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.orm import Session

from ivr.days import bounds
from ivr.export import csv, parquet
from ivr.export.output import Output
from ivr.export.plan import NUMBERS, Plan, plans
from ivr.problem import Problem
from ivr.store.database import Database
from ivr.store.numbers import veil

FORMATS: dict[str, ModuleType] = {"parquet": parquet, "csv": csv}
DICTIONARY, MANIFEST = "dictionary.csv", "manifest.json"
AT_ONCE = 5_000  # rows in memory


class ExportError(Problem):
    """An export that cannot be made; the message says why."""


@dataclass(frozen=True)
class Wanted:
    """Days of the contract's `zone`, the last included. `numbers`: those of callers as they are; else pseudonyms, made
    with `key`."""

    first: date
    last: date
    format: str
    zone: ZoneInfo
    key: str
    numbers: bool = False


class File(msgspec.Struct):
    file: str
    table: str
    rows: int
    bytes: int
    sha256: str


class Manifest(msgspec.Struct):
    """`callers`: numbers or pseudonyms."""

    made_at: datetime
    first: date
    last: date
    zone: str
    callers: str
    files: list[File]
    format: int = 1


def export(database: Database, wanted: Wanted, folder: Path) -> Manifest:
    """All of one moment. `folder` is there whole, or not at all. Raises ExportError, StoreError."""
    part = folder.with_name(f".{folder.name}.part")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder}: is not an empty folder; each export has one of its own")
    try:
        shutil.rmtree(part, ignore_errors=True)  # of one that was killed
        part.mkdir(mode=0o700, parents=True)
        manifest = _filled(database, wanted, part)
        part.replace(folder)
        return manifest
    except OSError as error:
        raise ExportError(f"{error.filename or folder}: {error.strerror}; nothing was exported") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _filled(database: Database, wanted: Wanted, part: Path) -> Manifest:
    since, until = bounds(wanted.first, wanted.zone, wanted.last)
    chosen, how = list(plans(since, until)), FORMATS[wanted.format]
    with database.snapshot() as session:
        files = [_table(session, plan, how, wanted, part / f"{plan.table}{how.SUFFIX}") for plan in chosen]
    files.append(_dictionary(chosen, part / DICTIONARY))
    manifest = Manifest(
        made_at=datetime.now(UTC),
        first=wanted.first,
        last=wanted.last,
        zone=wanted.zone.key,
        callers="numbers" if wanted.numbers else "pseudonyms",
        files=files,
    )
    output = Output(part / MANIFEST)
    output.write(msgspec.json.format(msgspec.json.encode(manifest)))
    output.close()
    return manifest


def _table(session: Session, plan: Plan, how: ModuleType, wanted: Wanted, path: Path) -> File:
    output, count = Output(path), 0
    open = wanted.numbers or not any(field.personal for field in plan.fields)

    def portions() -> Iterator[Sequence[Sequence[Any]]]:
        nonlocal count
        for rows in session.execute(plan.rows.execution_options(yield_per=AT_ONCE)).partitions():
            count += len(rows)
            yield [row[:-NUMBERS] for row in rows] if open else [_veiled(plan, row, wanted.key) for row in rows]

    try:
        how.write(plan, portions(), output)
    finally:
        digest = output.close()
    return File(path.name, plan.table, count, output.size, digest)


def _veiled(plan: Plan, row: Sequence[Any], key: str) -> Sequence[Any]:
    values, numbers = list(row[:-NUMBERS]), [one for one in row[-NUMBERS:] if one]
    for place, field in enumerate(plan.fields):
        if field.personal and values[place]:
            values[place] = veil(values[place], [values[place]] if field.personal == "number" else numbers, key)
    return values


def _dictionary(chosen: Sequence[Plan], path: Path) -> File:
    output = Output(path)
    lines = [(plan.table, "", "", "", plan.meaning) for plan in chosen]
    for plan in chosen:
        lines += [(plan.table, one.name, one.kind, one.unit, one.meaning) for one in plan.fields]
    output.write(b"".join(map(csv.line, [("table", "column", "kind", "unit", "meaning"), *lines])))
    return File(path.name, "", len(lines), output.size, output.close())
