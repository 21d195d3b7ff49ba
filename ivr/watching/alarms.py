"""When something wrong is told, and when that it is over: pure.

What is wrong is told once it has been so for `after` seconds, told again every `repeat` seconds, and told to be over
after `over_after` seconds without it. Whatever comes and goes faster than that counts as staying, so nobody is told of
each turn. What could not be looked at stays as it was.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace


class Rules(Struct, frozen=True):
    """Seconds."""

    after: float
    over_after: float
    repeat: float


class Alarm(Struct, frozen=True):
    """Something that is wrong. Times are seconds since 1970: `since`, and `seen` last; `told` last, None: not yet.
    `detail`: in words for people."""

    since: float
    seen: float
    detail: str
    told: float | None = None


Kind = Literal["raised", "still", "over"]


class Notice(Struct, frozen=True):
    """What people are to be told. `seconds`: for how long it has been, or was, wrong."""

    kind: Kind
    name: str
    detail: str
    since: float
    seconds: float


def step(
    alarms: Mapping[str, Alarm], found: Mapping[str, str], now: float, rules: Rules
) -> tuple[dict[str, Alarm], list[Notice]]:
    """`found`: name → what is wrong, "" when nothing is; a name that is missing could not be looked at."""
    left, notices = dict(alarms), []
    for name, detail in found.items():
        alarm = left.get(name)
        if detail:
            alarm = replace(alarm, seen=now, detail=detail) if alarm else Alarm(now, now, detail)
            left[name], notice = _wrong(name, alarm, now, rules)
            notices += notice
        elif alarm and now - alarm.seen >= rules.over_after:
            del left[name]
            if alarm.told is not None:
                notices.append(Notice("over", name, alarm.detail, alarm.since, alarm.seen - alarm.since))
    return left, notices


def _wrong(name: str, alarm: Alarm, now: float, rules: Rules) -> tuple[Alarm, list[Notice]]:
    due = alarm.since + rules.after if alarm.told is None else alarm.told + rules.repeat
    if now < due:
        return alarm, []
    kind: Kind = "raised" if alarm.told is None else "still"
    return replace(alarm, told=now), [Notice(kind, name, alarm.detail, alarm.since, now - alarm.since)]
