"""A conversation's states, without a telephone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.calls import commands as c
from ivr.calls import talk
from ivr.calls.talk import Talk, places, step
from ivr.link.messages import Refused

ANNA, BRUNO = "4271", "4272"
TALKING = Talk(ANNA)
CONSULT = c.Consult("call", ANNA, operator=BRUNO)
CONSULTING = talk.answered(step(TALKING, CONSULT), BRUNO)
COMMANDS = [
    c.Hold("call", ANNA),
    c.Unhold("call", ANNA),
    c.Mute("call", ANNA),
    c.Mute("call", ANNA, on=False),
    c.PauseRecording("call", ANNA),
    c.PauseRecording("call", ANNA, on=False),
    CONSULT,
    c.Conference("call", ANNA),
    c.Complete("call", ANNA),
    c.Return("call", ANNA),
    c.Transfer("call", ANNA, queue="payments"),
    c.Supervise("call", "chief", "op-4280"),
    c.TakeOver("call", "chief", "4280"),
]


def test_who_is_on_hold_hears_music_and_is_not_recorded() -> None:
    held = step(TALKING, c.Hold("call", ANNA))
    assert places(held) == talk.Places(music=True, taped=False, muted=False)
    assert places(step(held, c.Unhold("call", ANNA))) == places(TALKING)


def test_a_paused_recording_stays_paused_after_a_hold() -> None:
    paused = step(TALKING, c.PauseRecording("call", ANNA))
    back = step(step(paused, c.Hold("call", ANNA)), c.Unhold("call", ANNA))
    assert not places(back).taped
    assert places(step(back, c.PauseRecording("call", ANNA, on=False))).taped


def test_a_consult_goes_on_to_three_and_then_to_the_other_alone() -> None:
    assert places(CONSULTING).music
    three = step(CONSULTING, c.Conference("call", ANNA))
    assert places(three) == talk.Places(music=False, taped=True, muted=False)
    assert step(three, c.Complete("call", ANNA)) == Talk(BRUNO)
    assert step(CONSULTING, c.Complete("call", ANNA)) == Talk(BRUNO)
    assert step(CONSULTING, c.Return("call", ANNA)) == TALKING
    assert step(three, c.Return("call", ANNA)) == TALKING


def test_the_caller_stays_on_hold_when_the_other_leaves_a_consult() -> None:
    assert places(talk.alone(CONSULTING)).music
    assert not places(talk.alone(step(CONSULTING, c.Conference("call", ANNA)))).music


def test_what_a_hang_up_of_the_operator_means() -> None:
    assert talk.operator_left(TALKING) == "over"
    assert talk.operator_left(step(TALKING, CONSULT)) == "transfer"
    assert talk.operator_left(CONSULTING) == "complete"


@pytest.mark.parametrize(
    ("state", "command", "reason"),
    [
        (TALKING, c.Hold("call", BRUNO), "another operator has this call"),
        (TALKING, c.Unhold("call", ANNA), "not on hold"),
        (TALKING, c.Complete("call", ANNA), "no other operator has answered"),
        (TALKING, c.Conference("call", ANNA), "no other operator has answered"),
        (TALKING, c.Return("call", ANNA), "no other operator is asked"),
        (step(TALKING, CONSULT), c.Complete("call", ANNA), "no other operator has answered"),
        (CONSULTING, CONSULT, "asked already"),
        (CONSULTING, c.Transfer("call", ANNA, queue="payments"), "complete, or come back first"),
        (Talk(ANNA, recorded=False), c.PauseRecording("call", ANNA), "not recorded"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(state: Talk, command: c.Command, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        step(state, command)


@given(st.lists(st.sampled_from([*COMMANDS, "answered", "gone"]), max_size=25))
def test_the_caller_is_never_recorded_with_music_nor_left_without_an_operator(commands: list[c.Command | str]) -> None:
    state = TALKING
    for command in commands:
        if command == "answered" and state.with_other == "asking":
            state = talk.answered(state, BRUNO)
        elif command == "gone" and state.with_other:
            state = talk.alone(state)
        elif not isinstance(command, str):
            try:
                state = step(state, command)
            except Refused:
                continue
        assert state.operator in (ANNA, BRUNO)
        assert bool(state.other) == bool(state.with_other)
        assert state.held or state.with_other in ("", "three-way")
        assert not (places(state).music and places(state).taped)
