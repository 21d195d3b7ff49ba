"""Each verb, in the simulator: what the caller hears, what is waited for, by which exit the node is left."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ivr.flow import digits, machine
from ivr.flow import words as w
from ivr.flow.loader import load
from ivr.flow.simulator import Simulation, Stuck

HEAD = """ivr: 1
languages: [it, en]
numbers: ["+3901"]
variables: {code: "", notice: {}}
start: first
on_error: sorry
prompts:
  ask: {it: "Digiti il codice.", en: "Enter the code."}
  again: {it: "Ha digitato {code | digits}. Uno conferma.", en: "You keyed {code | digits}. One confirms."}
  warned: {notice: recording, it: "Registrata.", en: "Recorded."}
  sorry: {it: "Scusi.", en: "Sorry."}
  bye: {it: "Arrivederci.", en: "Goodbye."}
nodes:
  used: {play: [ask, again, warned], next: bye}
  set-both: {set: {code: "x", notice: "y"}, next: used}
  sorry: {play: sorry, next: end}
  failed: {play: sorry, next: end}
  bye: {play: bye, next: end}
  end: {hangup: normal}
"""
NOTICE = "302000100000000000"
NOTICE = NOTICE[:16] + f"{int(NOTICE[:16]) % 93:02}"


def call(folder: Path, nodes: str, caller: str = "+390612345678", **more: str) -> Simulation:
    """A call to a flow with HEAD's nodes and these."""
    (folder / "one.flow.yaml").write_text(HEAD + "\n".join(f"  {line}" for line in nodes.strip().splitlines()) + "\n")
    (folder / "queues.yaml").write_text("payments: {announce: {every: 30s}}\n")
    for name, text in more.items():
        (folder / f"{name}.flow.yaml").write_text(text)
    at = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("Europe/Rome"))
    return Simulation(load(folder), "one", w.Facts("c", "+3901", caller), at).begin()


def heard(call: Simulation) -> list[str]:
    return [say.prompt for say in call.says]


def exits(call: Simulation) -> list[str]:
    return [entry.detail["exit"] for entry in call.journey if entry.kind == "node"]


def press(call: Simulation, keys: str) -> Simulation:
    for key in keys:
        call.press(key)
        call.settle()
    return call


COLLECT = """
first:
  collect: {prompt: ask, into: code, length: 18, check: payment-notice, confirm: again}
  next: bye
  otherwise: failed
"""


def test_collect_reads_back_and_takes_a_yes(tmp_path: Path) -> None:
    one = press(call(tmp_path, COLLECT), NOTICE)
    assert heard(one)[-1] == "again" and "3 0 2" in one.says[-1].text
    press(one, "1")
    assert one.state.variables["code"] == NOTICE and heard(one)[-1] == "bye"


def test_collect_asks_again_when_the_caller_says_no_or_the_check_digits_are_wrong(tmp_path: Path) -> None:
    one = press(call(tmp_path, COLLECT), NOTICE + "2")
    assert one.state.variables["code"] == "", "what was not confirmed is not kept"
    press(one, NOTICE[:-1] + str((int(NOTICE[-1]) + 1) % 10))
    assert heard(one) == ["ask", "again", "ask", "collect-invalid", "ask"]


def test_collect_gives_up_after_the_last_attempt(tmp_path: Path) -> None:
    one = call(tmp_path, COLLECT)
    for _ in range(3):
        one.silence()
    assert heard(one) == ["ask", "collect-silent", "ask", "collect-silent", "ask", "sorry"]
    assert "otherwise" in exits(one)


def test_collect_ends_by_its_key_or_by_a_gap_and_a_star_takes_back(tmp_path: Path) -> None:
    node = "first: {collect: {prompt: ask, into: code, min: 2, max: 6}, next: bye, otherwise: failed}"
    assert press(call(tmp_path, node), "123#").state.variables["code"] == "123"
    one = press(call(tmp_path, node), "12")
    one.silence()
    assert one.state.variables["code"] == "12"
    assert press(call(tmp_path, node), "99*55#").state.variables["code"] == "55"
    assert press(call(tmp_path, node), "123456").state.variables["code"] == "123456"
    assert heard(press(call(tmp_path, node), "1#"))[-2:] == ["collect-invalid", "ask"]


def test_secret_digits_are_in_no_entry_of_the_journey(tmp_path: Path) -> None:
    collect = "{prompt: ask, into: code, length: 4, confirm: again, secret: true}"
    one = press(call(tmp_path, f"first: {{collect: {collect}, next: bye, otherwise: failed}}"), "77531")
    assert "7753" not in str(one.journey)
    assert next(say for say in one.says if say.prompt == "again").secret
    assert one.state.variables["code"] == "7753"


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (digits.payment_notice, NOTICE, NOTICE[:-1] + str((int(NOTICE[-1]) + 1) % 10)),
        (digits.payment_notice, "1" + "2" * 17, "4" + NOTICE[1:]),
        (digits.luhn, "4111111111111111", "4111111111111112"),
        (digits.luhn, "79927398713", "0"),
        (digits.day, "29022028", "29022027"),
        (digits.day, "31121999", "31130000"),
        (digits.phone, "0612345678", "1"),
        (digits.phone, "3331234567", "0"),
    ],
)
def test_what_digits_can_be(check: Any, right: str, wrong: str) -> None:
    assert check(right) and not check(wrong) and not check("")


HTTP = """
first:
  http:
    url: "https://example.test/n/{caller.number}"
    method: POST
    json: {a: ["= caller.number"]}
    headers: {K: {secret: key}}
    into: notice
  next: paid
  otherwise: failed
paid: {branch: [{when: 'notice.state == "paid"', go: bye}], otherwise: failed}
"""


def test_http_asks_and_takes_the_answer(tmp_path: Path) -> None:
    one = call(tmp_path, HTTP)
    assert one.awaits == "web service" and one.asked is not None
    assert one.asked.url == "https://example.test/n/%2B390612345678"
    assert one.asked.json == {"a": ["+390612345678"]} and one.asked.secret_headers == {"K": "key"}
    one.reply(200, {"state": "paid"})
    assert heard(one.settle()) == ["bye"]


@pytest.mark.parametrize(("status", "problem"), [(404, ""), (500, ""), (0, "timeout")])
def test_http_without_a_good_answer_goes_otherwise(tmp_path: Path, status: int, problem: str) -> None:
    one = call(tmp_path, HTTP)
    one.reply(status, None, problem)
    assert heard(one.settle()) == ["sorry"] and "otherwise" in exits(one)


def test_callback_takes_any_way_of_writing_a_number_and_makes_the_outcome(tmp_path: Path) -> None:
    one = call(tmp_path, "first: {callback: {queue: payments}, next: bye}", caller="0612345678")
    assert one.done and one.state.outcome == "callback" and one.state.queue == "payments"


def test_callback_to_a_withheld_number_fails_the_node(tmp_path: Path) -> None:
    one = call(tmp_path, "first: {callback: {queue: payments}, next: bye}", caller="")
    assert heard(one) == ["sorry"] and one.state.outcome == "failed"


VOICEMAIL = "first: {voicemail: {prompt: ask, max: 20s, queue: payments}, next: bye}"


def test_voicemail_ends_by_key_by_time_or_by_hanging_up(tmp_path: Path) -> None:
    one = call(tmp_path, VOICEMAIL)
    assert one.awaits == "message"
    one.wait(5)
    press(one, "#")
    assert heard(one)[-1] == "bye" and one.state.outcome == "voicemail"
    one = call(tmp_path, VOICEMAIL)
    one.wait(25)
    one.settle()
    assert one.done and one.state.outcome == "voicemail"
    one = call(tmp_path, VOICEMAIL)
    one.wait(5)
    one.hang_up()
    assert one.state.outcome == "voicemail"


def test_a_voicemail_of_nothing_is_none(tmp_path: Path) -> None:
    one = press(call(tmp_path, VOICEMAIL), "#")
    assert one.done and one.state.outcome == "self-served"


TRANSFER = 'first: {transfer: {to: "06 1234 5678", timeout: 20s}, next: bye, otherwise: failed}'


def test_transfer_answered_and_not(tmp_path: Path) -> None:
    one = call(tmp_path, TRANSFER)
    assert one.awaits == "outside"
    one.outside(True)
    assert heard(one.settle()) == ["bye"] and one.state.outcome == "served"
    one = call(tmp_path, TRANSFER)
    one.outside(False)
    assert heard(one.settle()) == ["sorry"]


QUEUE = """
first: {play: warned, next: waiting}
waiting:
  queue: {name: payments, max_wait: 5m, callback: {key: 1, after: 60s, go: call-me}}
  served: bye
  timeout: failed
  full: failed
  unstaffed: failed
call-me: {callback: {queue: payments}, next: bye}
"""


def test_the_queues_callback_is_offered_in_time_and_taken_by_its_key(tmp_path: Path) -> None:
    one = press(call(tmp_path, QUEUE), "1")
    assert one.awaits == "operator", "not offered yet"
    one.wait(70)
    one.settle()
    assert "queue-callback" in heard(one)
    press(one, "1")
    assert one.state.outcome == "callback" and "queue.callback.go" in exits(one)


def test_who_was_cut_off_is_told_that_the_place_is_kept_once(tmp_path: Path) -> None:
    one = call(tmp_path, QUEUE)
    for place, kept in (("payments", True), ("other", False)):
        facts = msgspec.structs.replace(one.facts, place=place)
        state, actions = machine.begin(one.book, "one", facts, one.now)
        warned = next(action for action in actions if isinstance(action, w.Play))
        state, actions = machine.step(one.book, state, facts, w.Played(warned.id), one.now)
        (asked,) = [action for action in actions if isinstance(action, w.Enqueue)]
        (play,) = [action for action in actions if isinstance(action, w.Play)] or [None]
        assert asked.place is kept and bool(play) is kept
        if play:
            assert [say.prompt for say in play.say] == ["place-kept"]
            state, actions = machine.step(one.book, state, facts, w.Played(play.id), one.now)
            assert actions == [w.Music(True, "default")] and state.place_taken


def test_record_stop_reaches_the_conversation_and_nothing_but_start_takes_it_back(tmp_path: Path) -> None:
    def recording(*verbs: str) -> str:
        nodes = [f"{name}: {{record: {verb}, next: {then}}}" for name, verb, then in _chain(verbs)]
        one = call(tmp_path, "\n".join([*nodes, QUEUE.replace("first:", "hello:")]))
        one.operator_answers("4271")
        one.settle()
        return next(str(entry.detail["recording"]) for entry in one.journey if entry.kind == "operator")

    def _chain(verbs: tuple[str, ...]) -> list[tuple[str, str, str]]:
        names = ["first", *(f"r{number}" for number in range(1, len(verbs))), "hello"]
        return list(zip(names, verbs, names[1:], strict=False))

    assert recording("pause") == "paused"
    assert recording("pause", "resume") == "on"
    assert recording("stop") == "off"
    assert recording("stop", "resume") == "off"
    assert recording("stop", "pause", "start") == "on"


SUB = """ivr: 1
languages: [it, en]
variables: {code: "", own: 1}
start: take
prompts: {sub: {it: "Sotto.", en: "Below."}}
nodes:
  take: {set: {code: "= code + '!'", own: 2}, next: say}
  say: {play: sub, next: back}
  back: {return: true}
"""


def test_a_subflow_shares_the_variables_both_declare_and_comes_back(tmp_path: Path) -> None:
    nodes = 'first: {set: {code: "a"}, next: down}\ndown: {subflow: sub, next: bye}'
    one = call(tmp_path, nodes, sub=SUB)
    assert heard(one) == ["sub", "bye"]
    assert one.state.variables == {"code": "a!", "notice": {}} and one.state.flow == "one"


def test_a_failure_in_a_subflow_goes_to_the_callers_on_error(tmp_path: Path) -> None:
    failing = SUB.replace("{play: sub, next: back}", "{callback: {queue: payments}, next: back}")
    one = call(tmp_path, "first: {subflow: sub, next: bye}", caller="", sub=failing)
    assert heard(one) == ["sorry"] and one.state.outcome == "failed"


def test_now_is_in_the_calendars_zone(tmp_path: Path) -> None:
    one = call(tmp_path, "first: {branch: [{when: 'now.getHours() == 10', go: bye}], otherwise: failed}")
    assert heard(one) == ["bye"]


def test_nobody_presses_keys_that_nobody_waits_for(tmp_path: Path) -> None:
    one = call(tmp_path, "first: {play: ask, next: bye}")
    with pytest.raises(Stuck):
        one.silence()


TICKET = """
first: {ticket: {type: A, subject: Refund}, next: at-once}
at-once: {branch: [{when: 'ticket.number != ""', go: failed}], otherwise: thanks}
thanks: {play: bye, next: known}
known: {branch: [{when: 'ticket.number == "1001"', go: used}], otherwise: failed}
"""


def test_the_ticket_has_its_number_after_a_sentence(tmp_path: Path) -> None:
    one = call(tmp_path, TICKET)
    assert one.state.ticket_number == "1001" and one.done
    assert heard(one) == ["bye", "ask", "again", "warned", "bye"]


def test_a_backend_that_does_not_answer_keeps_nobody_waiting(tmp_path: Path) -> None:
    call(tmp_path, TICKET)
    one = Simulation(load(tmp_path), "one", w.Facts("c", "+3901"), datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("UTC")))
    one.ticket = ""
    one.begin()
    assert heard(one) == ["bye", "sorry"] and one.done and one.state.ticket_number == ""


def test_a_ticket_is_asked_for_at_once_only_where_its_number_is_told(tmp_path: Path) -> None:
    one = call(tmp_path, "first: {ticket: {type: A}, next: bye}")
    assert not one.book.tells_ticket and one.state.ticket_number == ""


AGAIN = """
first: {branch: [{when: 'caller.ticket == "17" && caller.ticket_state == "waiting"', go: used}], otherwise: bye}
"""


def test_who_calls_again_is_known_by_the_open_ticket(tmp_path: Path) -> None:
    assert heard(call(tmp_path, AGAIN)) == ["bye"]
    at, facts = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo("UTC")), w.Facts("c", "+3901", "+390612345678")
    known = w.Facts("c", "+3901", "+390612345678", ticket="17", ticket_state="waiting")
    book = load(tmp_path)
    assert book.asks_ticket
    assert heard(Simulation(book, "one", known, at).begin())[0] == "ask"
    assert heard(Simulation(book, "one", facts, at).begin()) == ["bye"]


# When the controller that had the call is gone


def taken_over(call: Simulation) -> tuple[w.State, list[w.Action]]:
    """Where another controller is then, and what it does."""
    return machine.resume(call.book, call.state, call.facts, call.now)


def test_digits_keyed_so_far_are_kept(tmp_path: Path) -> None:
    one = press(
        call(tmp_path, "first: {collect: {prompt: ask, into: code, length: 6}, next: bye, otherwise: sorry}"), "123"
    )
    state, actions = taken_over(one)
    assert state.wait["digits"] == "123" and actions == [w.Timer(3.0, state.wait["id"])]
    for key in "456":
        state, actions = machine.step(one.book, state, one.facts, w.Key(key), one.now)
    assert state.variables["code"] == "123456" and state.node == "bye"


def test_a_prompt_begins_again_and_costs_no_attempt(tmp_path: Path) -> None:
    one = call(tmp_path, "first: {menu: {prompt: ask, choices: {1: bye}, attempts: 2}, otherwise: sorry}")
    press(one, "9")
    state, actions = taken_over(one)
    assert state.wait["attempt"] == 2 and [type(action) for action in actions][:1] == [w.Timer]
    begun, actions = machine.begin(one.book, "one", one.facts, one.now)
    again, actions = machine.resume(one.book, begun, one.facts, one.now)
    assert [say.prompt for action in actions if isinstance(action, w.Play) for say in action.say] == ["ask"]
    assert again.wait["attempt"] == 1 and again.wait["id"] > begun.wait["id"]


@pytest.mark.parametrize(("method", "asked"), [("GET", 1), ("PUT", 1), ("POST", 0), ("PATCH", 0)])
def test_a_web_service_is_asked_again_only_if_that_does_no_harm(tmp_path: Path, method: str, asked: int) -> None:
    one = call(
        tmp_path,
        f'first: {{http: {{url: "https://x.test/", method: {method}}}, next: bye, otherwise: sorry}}',
    )
    state, actions = taken_over(one)
    assert sum(isinstance(action, w.Http) for action in actions) == asked
    assert state.node == ("first" if asked else "sorry")


def test_who_waits_is_not_queued_twice_and_hears_the_music_and_the_offer(tmp_path: Path) -> None:
    exits = ", ".join(f"{exit}: bye" for exit in ("served", "timeout", "full", "unstaffed"))
    queue = f"waits: {{queue: {{name: payments, callback: {{key: 5, after: 60s, go: bye}}}}, {exits}}}"
    one = call(tmp_path, "first: {play: warned, next: waits}\n" + queue)
    one.wait(20)
    state, actions = taken_over(one)
    assert not any(isinstance(action, w.Enqueue) for action in actions)
    assert any(isinstance(action, w.Music) and action.on for action in actions)
    (timer,) = [action for action in actions if isinstance(action, w.Timer)]
    assert timer.id == state.wait["timer"] and 34 < timer.seconds <= 40


def test_a_message_goes_on(tmp_path: Path) -> None:
    one = call(tmp_path, "first: {voicemail: {prompt: ask, max: 60s, queue: payments}, next: bye}")
    later = one.now + timedelta(seconds=20)
    assert one.state.wait["speaking"]
    state, actions = machine.resume(one.book, one.state, one.facts, later)
    (record,) = [action for action in actions if isinstance(action, w.Record)]
    assert record.id == one.state.wait["id"] and 19 < record.already < 22
    state, _ = machine.step(one.book, state, one.facts, w.Recorded(record.id, 25.0), later)
    assert state.outcome == "voicemail"
