"""Recordings in a store of a former version. The schema's classes know only today's columns; these rows are as they
were then."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def keep_before(session: Session, parts: dict[int, str | None]) -> None:
    """A call with recordings `call-1` and so on, and when each was purged."""
    session.execute(
        text(
            "INSERT INTO calls (id, channel, controller, called, caller, flow, version, language, started_at,"
            " outcome, queue, operator, disposition, note, waited, talked, ticket, callback_of) VALUES ('call',"
            " 'c', 'c', '1', '', '', 0, '', '2026-11-24 09:00', '', '', '', '', '', 0, 0, '{}', '')"
        )
    )
    for part, purged in parts.items():
        session.execute(
            text(
                "INSERT INTO recordings (id, call_id, day, kind, file, rate, seconds, bytes, sha256, complete,"
                " stored_at, purged_at) VALUES (:id, 'call', '2026-11-24', 'conversation', '', 8000, 1, 0, '', 1,"
                " '2026-11-24 09:05', :purged)"
            ),
            {"id": f"call-{part}", "purged": purged},
        )
