"""Queues as designers describe them: `queues.yaml`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ivr.flow.durations import Duration
from ivr.flow.skills import Skill


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ServiceLevel(_Strict):
    answer_within: Duration = 20.0
    target: Annotated[float, Field(gt=0, le=1)] = 0.80


class Overflow(_Strict):
    after: Duration
    skills: tuple[Skill, ...] = ()


class Announcements(_Strict):
    every: Duration = 45.0
    position: bool = True
    wait: bool = True


class Queue(_Strict):
    """How calls wait for operators. In code its durations are seconds."""

    strategy: Literal["longest-idle", "ring-all", "fewest-calls", "round-robin"] = "longest-idle"
    ring: Duration = 20.0
    wrap_up: Duration = 30.0
    max_waiting: Annotated[int, Field(ge=1)] = 200
    ageing: Annotated[Duration, Field(description="a priority of 1 counts as much as having waited so long")] = 60.0
    service_level: ServiceLevel = ServiceLevel()
    overflow: tuple[Overflow, ...] = ()
    announce: Announcements | None = None
    hold_music: str = "default"
    hours: str = ""
    """The calendar in whose hours callbacks are made; empty: the first in `calendars.yaml`."""
    callback: str = ""
    """The flow that who is called back hears; empty: the built-in one (the notice, the operator)."""
