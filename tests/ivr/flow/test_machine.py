from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow import machine
from ivr.flow.loader import load
from ivr.flow.model import UNKNOWN_NUMBER
from ivr.flow.trial import Outcome
from ivr.flow.words import (
    Action,
    Announce,
    Connect,
    Elapsed,
    Enqueue,
    Event,
    Facts,
    Failed,
    Hangup,
    HungUp,
    Key,
    LeaveQueue,
    Moved,
    Music,
    OperatorAnswered,
    OperatorChanged,
    OperatorLeft,
    OperatorLost,
    Play,
    Played,
    PlayFailed,
    QueueExit,
    State,
    StopPlay,
    Timer,
    Transferred,
)  # fmt: skip

BOOK = load(Path(__file__).parents[3] / "flows")
OPEN = datetime(2026, 11, 24, 9, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
BOLZANO = Facts("c1", "+390600000001", "+390471123456", district="0471", country="IT")
ROME = Facts("c2", "+390600000001", "+390612345678", district="06", country="IT")


class Rehearsal:
    """A call with the machine alone: plays end at once, and `heard` are the prompts."""

    def __init__(self, facts: Facts, now: datetime = OPEN, flow: str = "assistenza") -> None:
        self.facts, self.now = facts, now
        self.heard: list[tuple[str, str]] = []
        self.state, actions = machine.begin(BOOK, flow, facts, now)
        self.actions: list[Action] = []
        self._take(actions)

    def _take(self, actions: list[Action]) -> None:
        self.actions += actions
        for action in actions:
            if isinstance(action, Play):
                self.heard += [(say.prompt, say.language) for say in action.say]

    def tell(self, event: Event) -> "Rehearsal":
        # What a session leaves on its channel must be enough to go on with.
        self.state = msgspec.json.decode(msgspec.json.encode(self.state), type=State)
        self.state, actions = machine.step(BOOK, self.state, self.facts, event, self.now)
        self._take(actions)
        return self

    def listen(self) -> "Rehearsal":
        """Until the flow waits for the caller or an operator."""
        while not self.state.done and self.playing:
            self.tell(Played(self.state.wait["id"] if "id" in self.state.wait else self.state.wait["farewell"]))
        return self

    @property
    def playing(self) -> bool:
        plays = [a for a in self.actions if isinstance(a, Play | Timer)]
        wait = self.state.wait.get("id", self.state.wait.get("farewell"))
        return bool(plays) and isinstance(plays[-1], Play) and plays[-1].id == wait

    def last(self, kind: type) -> Action:
        return [action for action in self.actions if isinstance(action, kind)][-1]


def reach_queue(facts: Facts = BOLZANO) -> Rehearsal:
    call = Rehearsal(facts).listen()
    return call.tell(Key("1")).listen().tell(Key("1")).listen().tell(Key("2"))


def test_a_caller_from_bolzano_is_asked_in_german_first() -> None:
    call = Rehearsal(BOLZANO).listen()
    assert call.heard == [("welcome", "it"), ("german-or-italian", "de")]


def test_everybody_else_chooses_among_four() -> None:
    call = Rehearsal(ROME).listen().tell(Key("4")).listen()
    assert call.heard[1:3] == [("choose-language", "it"), ("recorded", "fr")]


def test_closed_on_sunday() -> None:
    call = Rehearsal(ROME, SUNDAY).listen().tell(Key("1")).listen()
    assert ("closed", "it") in call.heard and ("recorded", "it") not in call.heard
    call.tell(Key("3")).listen()
    assert call.state.done and call.state.outcome == "closed"


def test_served_from_queue_to_survey() -> None:
    call = reach_queue()
    assert call.last(Enqueue) == Enqueue("payments", ("de",), 0, 600.0)
    call.tell(Announce(2, 100.0))
    assert call.heard[-2:] == [("queue-position", "de"), ("queue-wait", "de")]
    call.tell(OperatorAnswered("4271"))
    assert call.heard[-1] == ("operator-code", "de")
    assert isinstance(call.last(StopPlay), StopPlay)
    call.listen()
    assert isinstance(call.actions[-1], Connect)
    call.tell(OperatorLeft("Q")).tell(Key("5")).tell(Key("9")).listen().tell(Elapsed(call.state.wait["id"]))
    call.tell(Key("3")).tell(Key("2")).tell(Key("1")).listen()
    answers = {"correct": 5, "complete": None, "clear": 3, "proactive": 2, "courteous": 1}
    assert call.state.survey == {"after-call": answers}
    assert call.state.done and call.state.outcome == "served"
    assert call.actions[-1] == Hangup("normal")


def test_a_caller_who_is_sent_on_waits_in_the_other_queue_and_is_told_the_next_operator() -> None:
    call = reach_queue().tell(OperatorAnswered("4271")).listen().tell(Transferred("privacy"))
    assert call.state.queue == "privacy" and call.last(Music) == Music(True, "default")
    call.tell(Announce(2, 100.0)).listen()
    call.tell(OperatorAnswered("4272"))
    assert call.heard[-1] == ("operator-code", "de")
    call.listen()
    assert call.state.operator == "4272" and isinstance(call.actions[-1], Connect)


def test_a_caller_who_is_moved_waits_in_the_other_queue() -> None:
    call = reach_queue().tell(Moved("privacy"))
    assert call.state.queue == "privacy" and call.last(Music) == Music(True, "default")
    call.tell(OperatorAnswered("4271")).tell(Moved("payments"))
    assert call.state.queue == "privacy", "too late: an operator has answered"


def test_the_operator_who_took_the_call_over_is_the_one_who_served_it() -> None:
    call = reach_queue().tell(OperatorAnswered("4271")).listen().tell(OperatorChanged("4272")).tell(OperatorLeft("Q"))
    assert call.state.operator == "4272" and call.heard[-1] == ("survey-correct", "de")


def test_an_operator_lost_before_the_conversation_brings_the_music_back() -> None:
    call = reach_queue().tell(OperatorAnswered("4271")).tell(OperatorLost())
    assert call.last(Music) == Music(True, "default")
    call.tell(OperatorAnswered("4272")).listen()
    assert call.state.operator == "4272"


@pytest.mark.parametrize(("exit", "prompt"), [("timeout", "busy"), ("full", "busy"), ("unstaffed", "nobody")])
def test_ways_out_of_the_queue(exit: str, prompt: str) -> None:
    call = reach_queue().tell(QueueExit(exit)).listen()
    assert (prompt, "de") in call.heard
    assert call.tell(HungUp()).state.outcome == "abandoned"


def test_hanging_up_in_the_queue_leaves_it() -> None:
    call = reach_queue().tell(HungUp())
    assert isinstance(call.last(LeaveQueue), LeaveQueue)
    assert call.state.outcome == "abandoned"


def test_wrong_keys_and_silence_end_in_otherwise() -> None:
    call = Rehearsal(ROME).listen().tell(Key("7"))
    assert call.heard[-2:] == [("menu-invalid", "it"), ("choose-language", "it")]
    call.listen().tell(Elapsed(call.state.wait["id"])).listen()
    assert ("recorded", "it") in call.heard


def test_self_service_makes_a_ticket_of_type_b() -> None:
    call = Rehearsal(ROME).listen().tell(Key("2")).listen().tell(Key("6")).listen().tell(Elapsed(0))
    call.tell(Elapsed(call.state.wait["id"])).listen()
    assert call.state.outcome == "self-served"
    assert call.state.ticket is not None and call.state.ticket.type == "B"


def test_reports_about_the_past_change_nothing() -> None:
    call = Rehearsal(ROME).listen()
    before = msgspec.json.encode(call.state)
    call.tell(Played(1)).tell(Elapsed(1))
    assert msgspec.json.encode(call.state) == before


def test_a_prompt_that_cannot_be_played_leads_to_the_flows_apology() -> None:
    call = Rehearsal(ROME).tell(PlayFailed(1, "no such file"))
    assert call.heard[-1] == ("sorry", "it")
    call.tell(PlayFailed(call.state.wait["id"], "again"))
    assert call.heard[-1] == ("apology", "it")
    call.tell(Played(call.state.wait["farewell"]))
    assert call.state.done and call.state.outcome == "failed"


def test_an_unknown_number_is_told_so() -> None:
    call = Rehearsal(ROME, flow=UNKNOWN_NUMBER)
    assert [language for _, language in call.heard] == ["it", "en"]
    call.tell(Played(1))
    assert call.state.done


EVENTS = st.one_of(
    st.builds(Key, st.sampled_from("0123456789*#")),
    st.builds(Played, st.integers(0, 40)),
    st.builds(Elapsed, st.integers(0, 40)),
    st.builds(PlayFailed, st.integers(0, 40), st.just("x")),
    st.builds(Announce, st.integers(1, 9), st.floats(0, 999)),
    st.builds(OperatorAnswered, st.just("4271")),
    st.just(OperatorLost()),
    st.builds(OperatorLeft, st.sampled_from(["", "Q"])),
    st.builds(QueueExit, st.sampled_from(["timeout", "full", "unstaffed"])),
    st.just(HungUp()),
    st.builds(Failed, st.just("x")),
    st.none(),  # whatever plays or ticks now comes to its end
)


@settings(max_examples=400, deadline=None)
@given(st.lists(EVENTS, max_size=60), st.sampled_from([BOLZANO, ROME]), st.sampled_from(["assistenza", "prova"]))
def test_any_events_in_any_order(events: list[Event | None], facts: Facts, flow: str) -> None:
    """Never raises; always goes on from its JSON; after the end nothing happens; who left is out of the queue."""
    state, actions = machine.begin(BOOK, flow, facts, OPEN)
    queued = sum(isinstance(a, Enqueue) for a in actions)
    for event in events:
        if event is None:
            event = Played(state.wait.get("id", state.wait.get("farewell", 0)))
        was_done = state.done
        state = msgspec.json.decode(msgspec.json.encode(state), type=State)
        state, actions = machine.step(BOOK, state, facts, event, OPEN)
        assert not (was_done and actions)
        queued += sum(isinstance(a, Enqueue) for a in actions)
        assert len(msgspec.json.encode(state)) < 8000
        for action in actions:
            assert isinstance(action, Action)
    state, _ = machine.step(BOOK, state, facts, HungUp(), OPEN)
    assert state.done and state.outcome in get_args(Outcome)
