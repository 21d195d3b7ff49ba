"""Structured logs: one JSON object a line, on standard output. Numbers and names of people never go into them.

What a line is about is given as `extra`: `call`, `operator`, `channel`, and so on.
"""

import logging
import sys
from datetime import UTC, datetime

import msgspec

_encode = msgspec.json.Encoder(enc_hook=str).encode
_OWN = set(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class OneLine(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "room": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _OWN}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return _encode(line).decode()


def start(process: str) -> None:
    """Send everything this process logs to standard output, one line an event."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(OneLine(process))
    # What no line shows need not be found out for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # nor where in the code it comes from
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # panoramisk logs whole messages and aiohttp every request, with callers' numbers; alembic tells of each look.
    for noisy in ("panoramisk", "aiohttp.access", "alembic", "faster_whisper"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
