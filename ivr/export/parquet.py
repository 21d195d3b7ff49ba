"""Parquet, by Rust's arrow and parquet (`arro3`), row group after row group: memory does not grow with the file."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import write_parquet

from ivr.export.output import Output
from ivr.export.plan import Plan

SUFFIX = ".parquet"
ROW_GROUP = 50_000  # rows that are compressed together
EPOCH, MICROSECOND, FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1), date(1970, 1, 1)
TEXT = DataType.utf8()
TYPES = {
    "time": DataType.timestamp("us", tz="UTC"),
    "date": DataType.date32(),
    "boolean": DataType.bool(),
    "number": DataType.float64(),
    "integer": DataType.int64(),
    "text": TEXT,
    "JSON": TEXT,
}


def write(plan: Plan, portions: Iterable[Sequence[Sequence[Any]]], output: Output) -> None:
    """Each column with its meaning as `description`. Raises what the portions raise, and OSError."""
    fields = [
        Field(one.name, TYPES[one.kind], metadata={"description": one.meaning, "unit": one.unit, "kind": one.kind})
        for one in plan.fields
    ]
    schema = Schema(fields, metadata={"description": plan.meaning})
    broken: list[BaseException] = []  # the writer tells of it in words alone

    def batches() -> Iterator[RecordBatch]:
        try:
            for rows in portions:
                output.check()
                columns = zip(*rows, strict=True)
                arrays = [_array(one.kind, column) for one, column in zip(plan.fields, columns, strict=True)]
                yield RecordBatch.from_arrays(arrays, schema=schema)
        except BaseException as error:
            broken.append(error)
            raise

    try:
        reader = RecordBatchReader.from_batches(schema, batches())
        write_parquet(reader, output, compression="zstd(3)", max_row_group_size=ROW_GROUP)  # type: ignore[arg-type]
    except Exception:
        if broken:
            raise broken[0] from None
        raise


def _array(kind: str, values: Sequence[Any]) -> Array:
    if kind == "time":
        return Array([None if one is None else (one - EPOCH) // MICROSECOND for one in values], DataType.int64()).cast(
            TYPES[kind]
        )
    if kind == "date":
        return Array([None if one is None else (one - FIRST_DAY).days for one in values], DataType.int32()).cast(
            TYPES[kind]
        )
    return Array(values, TYPES[kind])
