"""A contact centre's half year: calls, recordings, callers' answers, and the catalogue's rows, written as fast as the
store takes them."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ivr.store.catalogue import lot, mark, minute
from ivr.store.database import Database

ROME = ZoneInfo("Europe/Rome")
FIRST, DAYS = date(2027, 1, 1), 180
QUEUES = {"payments": 45, "app-io": 25, "send": 15, "privacy": 10, "complaints": 5}
LANGUAGES = {"it": 930, "en": 40, "de": 25, "fr": 5}
TYPES = {"Q": 62, "PQ": 18, "A": 10, "PA": 4, "I": 4, "PI": 2}
REASONS = {f"reason-{number:02}": 100 / number for number in range(1, 41)}
OPERATORS = {str(4000 + number): 1 for number in range(300)}
QUESTIONS = ("correct", "complete", "clear", "proactive", "courteous")
ANSWERS = {1: 4, 2: 4, 3: 12, 4: 30, 5: 50}
ANSWERED = 0.35
AT_ONCE = 20_000
COLUMNS = {
    "calls": (
        *("id", "channel", "controller", "called", "caller", "flow", "version", "language", "started_at", "ended_at"),
        *("outcome", "queue", "operator", "disposition", "note", "waited", "talked", "ticket", "callback_of"),
    ),
    "recordings": (
        *("id", "call_id", "day", "kind", "file", "seconds", "bytes", "sha256", "complete", "stored_at"),
    ),
    "survey_answers": ("call_id", "survey", "question", "answer"),
    "catalogue": (
        *("recording_id", "call_id", "kind", "seconds", "started_at", "day", "minute", "weekday", "lot"),
        *("queue", "language", "reason", "operator", "outcome", "disposition", "flow", "version", "waited"),
        *("answers", "type", "ticket"),
    ),
}  # fmt: skip


def fill(database: Database, rows: int, seed: int) -> None:
    calls = _calls(rows, random.Random(seed))
    raw = database.engine.raw_connection()
    try:
        while portion := [call for call, _ in zip(calls, range(AT_ONCE), strict=False)]:
            for table, columns in COLUMNS.items():
                _write(raw, table, columns, (row for call in portion for row in call[table]))
            raw.commit()
        raw.driver_connection.commit()
    finally:
        raw.close()


def _write(raw: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    names = ", ".join(columns)
    cursor = raw.cursor()
    if hasattr(cursor, "copy"):
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        cursor.execute("BEGIN")
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", (tuple(map(_plain, row)) for row in rows))  # noqa: S608
        cursor.execute("COMMIT")


def _plain(value: Any) -> Any:
    """As SQLAlchemy writes it into SQLite."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


def _calls(rows: int, chance: random.Random) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    def one_of(shares: dict[Any, float]) -> Iterator[Any]:
        names, weights = list(shares), list(shares.values())
        while True:
            yield from chance.choices(names, weights, k=1000)

    queues, languages, types, reasons = map(one_of, (QUEUES, LANGUAGES, TYPES, REASONS))
    operators, answers = one_of(OPERATORS), one_of(ANSWERS)
    for number in range(rows):
        day = FIRST + timedelta(days=number * DAYS // rows)
        local = datetime(day.year, day.month, day.day, 8, tzinfo=ROME) + timedelta(seconds=chance.triangular(0, 43200))
        begun = local.astimezone(UTC)
        call = f"{int(begun.timestamp() * 1000):012x}-{chance.getrandbits(76):019x}"
        queue, language, type, reason, operator = map(next, (queues, languages, types, reasons, operators))
        waited, talked = round(chance.expovariate(1 / 60), 3), round(chance.lognormvariate(5.5, 0.7), 3)
        recording, flow, version = f"{call}-1", "assistenza", 1 + number * 20 // rows
        ended, said = begun + timedelta(seconds=waited + talked), f'{{"fields":{{"reason":"{reason}"}}}}'
        facts = (call, "conversation", talked, begun, day, minute(begun, ROME), day.isoweekday(), lot(recording))
        answered = chance.random() < ANSWERED
        given = [(question, next(answers)) for question in QUESTIONS if answered]
        yield {
            "calls": [(
                *(call, call, "1", "+390600000001", "", flow, version, language, begun, ended, "served"),
                *(queue, operator, type, "", waited, talked, said, ""),
            )],
            "recordings": [(
                *(recording, call, day, "conversation", f"{day:%Y/%m/%d}/{recording}.wav", talked),
                *(int(talked * 32000), "0" * 64, True, ended),
            )],
            "survey_answers": [(call, "after", question, answer) for question, answer in given],
            "catalogue": [(
                *(recording, *facts, queue, language, reason, operator, "served", type, flow, version, waited),
                *("".join(f"{mark(question)}{answer}" for question, answer in given), type, str(number + 1)),
            )],
        }  # fmt: skip
