"""`menu`: a prompt, then one key decides.

    reasons:
      menu: {prompt: reasons, choices: {1: payments, 2: app, "*": reasons}, timeout: 5s, attempts: 3}
      otherwise: payments

A key that is not offered, or none within `timeout` after the prompt, is an attempt; after the last one the call goes
`otherwise`. `invalid` and `silent` name prompts for these two, built-in ones by default. A key stops the prompt unless
`barge_in: false`.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.flow.durations import Duration
from ivr.flow.findings import Where
from ivr.flow.model import Node
from ivr.flow.run import Run
from ivr.flow.words import Elapsed, Event, Key, Played, PlayFailed

KEYS = frozenset("0123456789*#")


def telephone_key(key: object) -> str:
    """YAML reads `1` as a number; a key is one character."""
    if str(key) not in KEYS:
        raise ValueError(f"'{key}' is no telephone key; keys are 0-9, * and #")
    return str(key)


def _keys(choices: object) -> object:
    return {telephone_key(key): target for key, target in choices.items()} if isinstance(choices, dict) else choices


# What editors are told of the forms in YAML, where a key without quotes is a number.
_KEY = "^[0-9*#]$"
_TextOrNumber = Annotated[str, Field(pattern=_KEY)] | Annotated[int, Field(ge=0, le=9)]
_ByKey = Annotated[dict[str, str], Field(min_length=1, json_schema_extra={"propertyNames": {"pattern": _KEY}})]

TelephoneKey = Annotated[str, BeforeValidator(telephone_key, json_schema_input_type=_TextOrNumber)]


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    prompt: str
    choices: Annotated[dict[str, str], Field(min_length=1), BeforeValidator(_keys, json_schema_input_type=_ByKey)]
    timeout: Duration = 5.0
    attempts: Annotated[int, Field(ge=1, le=9)] = 3
    invalid: str = "menu-invalid"
    silent: str = "menu-silent"
    barge_in: bool = True


class Model(Node):
    menu: Choice
    otherwise: str

    waits = True

    def targets(self) -> dict[str, str]:
        return {f"menu.choices.{key}": target for key, target in self.menu.choices.items()} | {
            "otherwise": self.otherwise
        }

    def prompts(self) -> list[tuple[Where, str]]:
        return [(("menu", name), getattr(self.menu, name)) for name in ("prompt", "invalid", "silent")]

    def notices(self) -> list[tuple[Where, str, bool]]:
        return [(("menu", "prompt"), self.menu.prompt, self.menu.barge_in)]


def enter(run: Run, node: Model) -> None:
    keys, run.state.keys = run.state.keys, ""
    if keys and node.menu.barge_in:
        _decide(run, node, keys[0], attempt=1, playing=False)
    else:
        run.wait(id=run.play([node.menu.prompt]), attempt=1, playing=True)


def resume(run: Run, node: Model) -> None:
    attempt, playing = run.state.wait["attempt"], run.state.wait["playing"]
    number = run.play([node.menu.prompt]) if playing else run.timer(node.menu.timeout)
    run.wait(id=number, attempt=attempt, playing=playing)


def on(run: Run, node: Model, event: Event) -> None:
    wait = run.state.wait
    match event:
        case Key(key) if node.menu.barge_in or not wait["playing"]:
            _decide(run, node, key, wait["attempt"], wait["playing"])
        case Played():
            run.wait(id=run.timer(node.menu.timeout), attempt=wait["attempt"], playing=False)
        case Elapsed():
            run.note("timeout")
            _again(run, node, wait["attempt"], node.menu.silent)
        case PlayFailed(_, reason):
            raise RuntimeError(reason)


def _decide(run: Run, node: Model, key: str, attempt: int, playing: bool) -> None:
    run.note("key", key=key)
    if playing:
        run.stop_playing()
    if key in node.menu.choices:
        run.go(f"menu.choices.{key}", node.menu.choices[key])
    else:
        _again(run, node, attempt, node.menu.invalid)


def _again(run: Run, node: Model, attempt: int, why: str) -> None:
    if attempt >= node.menu.attempts:
        run.go("otherwise", node.otherwise)
    else:
        run.wait(id=run.play([why, node.menu.prompt]), attempt=attempt + 1, playing=True)
