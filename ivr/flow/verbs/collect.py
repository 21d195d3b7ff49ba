"""`collect`: take digits into a variable.

    ask-code:
      collect:
        prompt: key-in-your-code
        into: code
        length: 18               # or min and max
        check: payment-notice    # or luhn, date (ddmmyyyy), phone, {pattern: REGEX}
        confirm: you-keyed       # reads it back; 1 yes, 2 again
        end: "#"
        timeout: 5s              # for the first digit
        gap: 3s                  # between digits
        attempts: 3
        secret: true             # the digits are never written down, anywhere
      next: look-up
      otherwise: to-an-operator

`*` takes back what was keyed in so far. `invalid` and `silent` name prompts for the two kinds of failed attempt,
built-in ones by default. The variable holds the digits as text.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ivr.flow.digits import CHECKS
from ivr.flow.durations import Duration
from ivr.flow.findings import Where
from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.verbs.menu import telephone_key
from ivr.flow.words import Elapsed, Event, Key, Played, PlayFailed

AGAIN = "*"
YES, NO = "1", "2"
LONGEST = 40


class Pattern(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    pattern: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"'{pattern}' is no pattern: {error}") from None
        # At most LONGEST digits are matched, but nested repeats could still take for ever.
        if re.search(r"[*+}]\s*\)+\s*[*+{]", pattern):
            raise ValueError(f"'{pattern}' repeats a repetition, which can take for ever; write it without")
        return pattern


class Digits(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": ["length"]}, {"required": ["min", "max"]}]},
    )
    prompt: str
    into: str
    length: Annotated[int, Field(ge=1, le=LONGEST)] | None = None
    min: Annotated[int, Field(ge=1, le=LONGEST)] | None = None
    max: Annotated[int, Field(ge=1, le=LONGEST)] | None = None
    end: str = "#"
    timeout: Duration = 5.0
    gap: Duration = 3.0
    attempts: Annotated[int, Field(ge=1, le=9)] = 3
    check: Literal["payment-notice", "luhn", "date", "phone"] | Pattern | None = None
    confirm: str | None = None
    secret: bool = False
    invalid: str = "collect-invalid"
    silent: str = "collect-silent"
    barge_in: bool = True

    @field_validator("end")
    @classmethod
    def _is_key(cls, end: str) -> str:
        if telephone_key(end) == AGAIN:
            raise ValueError("'*' takes back what was keyed in; choose another key as the end")
        return end

    @model_validator(mode="after")
    def _has_length(self) -> "Digits":
        if (self.length is None) == (self.min is None and self.max is None):
            raise ValueError("say either `length`, or `min` and `max`")
        if self.length is None and (self.min is None or self.max is None or self.min > self.max):
            raise ValueError("`min` and `max` go together, and `min` is not above `max`")
        return self

    @property
    def shortest(self) -> int:
        return self.length or self.min or 1

    @property
    def longest(self) -> int:
        return self.length or self.max or LONGEST

    def fits(self, digits: str) -> bool:
        if not self.shortest <= len(digits) <= self.longest:
            return False
        if isinstance(self.check, Pattern):
            return re.fullmatch(self.check.pattern, digits) is not None
        return self.check is None or CHECKS[self.check](digits)


class Model(Node):
    collect: Digits
    next: str
    otherwise: str

    waits = True

    def targets(self) -> dict[str, str]:
        return {"next": self.next, "otherwise": self.otherwise}

    def prompts(self) -> list[tuple[Where, str]]:
        names = ("prompt", "invalid", "silent", *(("confirm",) if self.collect.confirm else ()))
        return [(("collect", name), getattr(self.collect, name)) for name in names]

    def notices(self) -> list[tuple[Where, str, bool]]:
        return [(("collect", "prompt"), self.collect.prompt, self.collect.barge_in)]

    def assigns(self) -> list[tuple[Where, str, str]]:
        return [(("collect", "into"), self.collect.into, "string")]

    def secrets(self) -> tuple[str, ...]:
        return (self.collect.into,) if self.collect.secret else ()


# Phases, in `wait["collect"]`: asking (the prompt plays) → digits → [confirming → answering] → out, or asking again.


def enter(run: Run, node: Model) -> None:
    keys, run.state.keys = run.state.keys, ""
    if keys and node.collect.barge_in:
        run.wait(collect="digits", attempt=1, digits="", id=0)
        for key in keys:
            if run.pending is None and run.state.wait["collect"] == "digits":
                _digit(run, node, key)
    else:
        _ask(run, node, 1, [])


def resume(run: Run, node: Model) -> None:
    wait = run.state.wait
    match wait["collect"]:
        case "asking":
            _ask(run, node, wait["attempt"], [])
        case "digits":
            _wait(run, node, wait["digits"])
        case "confirming":
            _confirm(run, node)
        case "answering":
            run.state.wait = wait | {"id": run.timer(node.collect.timeout)}


def on(run: Run, node: Model, event: Event) -> None:
    wait, asked = run.state.wait, node.collect
    phase = wait["collect"]
    match event:
        case Key(key) if phase == "digits" or (phase == "asking" and asked.barge_in):
            if phase == "asking":
                run.stop_playing()
            _digit(run, node, key)
        case Key(key) if phase in ("confirming", "answering"):
            if phase == "confirming":
                run.stop_playing()
            _answer(run, node, key)
        case Played():
            then = "digits" if phase == "asking" else "answering"
            run.state.wait = wait | {"collect": then, "id": run.timer(asked.timeout)}
        case Elapsed() if phase == "answering":
            run.note("timeout")
            _try_again(run, node, [])
        case Elapsed() if wait["digits"]:
            _take(run, node)
        case Elapsed():
            run.note("timeout")
            _try_again(run, node, [asked.silent])
        case PlayFailed(_, reason):
            raise RuntimeError(reason)


def _digit(run: Run, node: Model, key: str) -> None:
    wait, asked = run.state.wait, node.collect
    digits = wait["digits"]
    if key == asked.end:
        _take(run, node)
        return
    if key == AGAIN:
        digits = ""
    elif key.isdigit():
        digits += key
    _wait(run, node, digits)
    if len(digits) == asked.longest:
        _take(run, node)


def _wait(run: Run, node: Model, digits: str) -> None:
    seconds = node.collect.gap if digits else node.collect.timeout
    run.wait(collect="digits", attempt=run.state.wait["attempt"], digits=digits, id=run.timer(seconds))


def _take(run: Run, node: Model) -> None:
    """The caller has finished keying in."""
    asked, digits = node.collect, run.state.wait["digits"]
    run.note("digits", **({"count": len(digits)} if asked.secret else {"digits": digits}))
    if not digits:
        _try_again(run, node, [asked.silent])
    elif not asked.fits(digits):
        _try_again(run, node, [asked.invalid])
    else:
        run.state.variables[asked.into] = digits
        if asked.confirm:
            _confirm(run, node)
        else:
            run.go("next", node.next)


def _confirm(run: Run, node: Model) -> None:
    assert node.collect.confirm
    attempt, digits = run.state.wait["attempt"], run.state.wait["digits"]
    run.wait(collect="confirming", attempt=attempt, digits=digits, id=run.play([node.collect.confirm]))


def _answer(run: Run, node: Model, key: str) -> None:
    run.note("key", key=key)
    if key == YES:
        run.go("next", node.next)
    elif key == NO:
        _try_again(run, node, [])
    else:
        _confirm(run, node)


def _try_again(run: Run, node: Model, first: list[str]) -> None:
    """Ask anew after what is said `first`; after the last attempt, out. What was not confirmed is not kept."""
    attempt, into = run.state.wait["attempt"], node.collect.into
    run.state.variables[into] = run.flow.variables.get(into, "")
    if attempt >= node.collect.attempts:
        run.go("otherwise", node.otherwise)
    else:
        _ask(run, node, attempt + 1, first)


def _ask(run: Run, node: Model, attempt: int, first: list[str]) -> None:
    says: list[Any] = [*first, node.collect.prompt]
    run.wait(collect="asking", attempt=attempt, digits="", id=run.play(says))
