"""Files: who may read the secrets and the data, and until when certificates hold."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ivr.cli.doctor.finding import Finding, ok, problem, unknown
from ivr.settings import Settings
from ivr.watching import place


def folder(settings: Settings) -> Iterator[Finding]:
    data = settings.data.resolve()
    if not data.is_dir():
        yield unknown("data", f"{data} is not there yet", "`ivr up` makes it; or say with --data where it is")
    elif not os.access(data, os.W_OK | os.X_OK):
        yield problem("data", f"we may not write to {data}", f"chown -R {os.getuid()} {data}")
    elif data.stat().st_mode & (stat.S_IROTH | stat.S_IXOTH):
        yield problem(
            "data", f"everybody on this machine may enter {data}, where callers' numbers are", f"chmod o= {data}"
        )
    else:
        yield ok("data", f"{data} is ours")


def secrets(settings: Settings) -> Iterator[Finding]:
    place_ = settings.secrets
    if not place_.is_dir():
        yield unknown("secrets", f"{place_} is not there yet; `ivr up` makes it")
        return
    every = [place_, *place_.rglob("*")]
    others = [path for path in every if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    foreign = [path for path in every if path.stat().st_uid != os.getuid()]
    if others:
        yield problem("secrets", f"others may read {_named(others)}", f"chmod -R go= {place_}")
    if foreign:
        yield problem(
            "secrets", f"not ours: {_named(foreign)}", f"chown -R {os.getuid()} {place_}; or run as their owner"
        )
    if not others and not foreign:
        yield ok("secrets", f"{len(every) - 1} in {place_}, readable by us alone")


def _named(paths: list[Path]) -> str:
    return ", ".join(map(str, paths[:3])) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def certificates(settings: Settings) -> Iterator[Finding]:
    now, least = datetime.now(UTC), settings.alarms.certificate_days
    files = place.watched(settings)
    for one in place.certificates(files):
        days = one.days(now)
        if one.problem:
            mend = "name a PEM file that we may read in alarms.certificates"
            yield problem("certificates", f"{one.file}: {one.problem}", mend)
        elif days < 0:
            yield problem("certificates", f"{one.file} ended {-days:.0f} days ago", "renew it, and reload who uses it")
        elif days < least:
            yield problem("certificates", f"{one.file} ends in {days:.0f} days", "renew it, and reload who uses it")
        else:
            yield ok("certificates", f"{one.file} holds for {days:.0f} days")
    if not files:
        yield unknown("certificates", "none is watched", "name those of your proxy in alarms.certificates")
