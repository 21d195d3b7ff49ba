"""How many files Asterisk may have open, which says how many telephones can be in calls on it."""

import resource

from ivr.cli.installation import is_alive, read_note
from ivr.settings import Settings

MOST = 65_536
A_TELEPHONE, BESIDES = 6, 100  # that Asterisk has open: measured in conversations that are recorded, and without calls
_LIMIT = resource.RLIMIT_NOFILE


def allow() -> None:
    """To the programs we start, as many as we may: with the usual 1,024 no more than 154 telephones can be in calls."""
    usual, most = resource.getrlimit(_LIMIT)
    wanted = _bounded(most)
    if usual != resource.RLIM_INFINITY and usual < wanted:
        resource.setrlimit(_LIMIT, (wanted, most))


def of(settings: Settings, asterisk: str) -> int:
    """As many as this Asterisk may have open; when it does not run, as many as we could allow it here."""
    noted = read_note(settings)
    pid = noted.programs().get(asterisk) if noted else None
    if pid and is_alive(pid):
        return _bounded(resource.prlimit(pid, _LIMIT)[0])
    return _bounded(resource.getrlimit(_LIMIT)[1])


def telephones(files: int) -> int:
    return max(0, (files - BESIDES) // A_TELEPHONE)


def needed(count: int) -> int:
    return BESIDES + count * A_TELEPHONE


def _bounded(limit: int) -> int:
    return MOST if limit == resource.RLIM_INFINITY else min(MOST, limit)
