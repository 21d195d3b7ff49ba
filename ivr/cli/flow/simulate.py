"""`ivr flow simulate`: a call in the terminal, without a telephone; or, with --json, one event a line for programs."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ivr.flow.simulator import Simulation

ACTS = """acts, at the prompt or as --press:
  1  *  #  123#     keys, one after the other
  .                 press nothing until the time is over
  w30s              wait (in a queue, or while leaving a message)
  o4271  o4271:PQ   the operator 4271 answers, talks and hangs up (and gives the disposition PQ)
  u                 nobody is signed in at the next queue
  r200  r404  r200:{"state":"paid"}  rtimeout   what the web service answers
  t  tno            the number that the call is transferred to answers, or does not
  h                 hang up"""
WORDS = {
    "keys": "a key, or . for none",
    "operator": "in the queue: o4271 answers, w30s waits, a key, h hangs up",
    "web service": "the web service is asked: r200:{…}, r404, rtimeout",
    "message": "recording a message: w10s speaks, # ends it, h hangs up",
    "outside": "ringing a number outside: t answers, tno does not",
}


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "simulate",
        help="call a flow in the terminal",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"{ACTS}\n\nExample: ivr flow simulate flows/assistenza.flow.yaml --press 1 1 o4271 5",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--from", dest="caller", default="+390612345678", metavar="N", help="who calls; or `anonymous`")
    parser.add_argument("--at", type=datetime.fromisoformat, metavar="TIME", help="when, as 2026-11-24T10:00")
    parser.add_argument("--lang", default="", metavar="L", help="the language to begin in")
    parser.add_argument("--press", nargs="+", default=None, metavar="K", help="acts; the caller then hangs up")
    parser.add_argument("--json", action="store_true", help="for programs: one event a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from ivr.cli.flow.world import NoFlow, facts, open_flow, opening
    from ivr.flow.findings import FlowErrors
    from ivr.flow.simulator import Simulation, Stuck
    from ivr.flow.telling import line, told

    try:
        book, name = open_flow(args.file)
    except NoFlow as error:
        print(f"ivr: {error}", file=sys.stderr)
        return 2
    except FlowErrors as error:
        print(error, file=sys.stderr)
        return 1
    flow = book.flows[name]
    if args.lang and args.lang not in flow.languages:
        print(f"ivr: the flow speaks {', '.join(flow.languages)}, not '{args.lang}'", file=sys.stderr)
        return 2
    at = args.at or opening(book, name)
    at = at if at.tzinfo else at.replace(tzinfo=book.zone(flow))
    called = next((number for number in flow.numbers if number != "*"), "+390600000000")
    call = Simulation(book, name, facts(args.caller, called), at, language=args.lang)
    acts = iter(args.press) if args.press is not None else _typed(call)
    shown = 0

    def show() -> None:
        nonlocal shown
        for event in told(call.journey, shown):
            if text := json.dumps(event, ensure_ascii=False) if args.json else line(event):
                print(text, flush=True)
        shown = len(call.journey)

    try:
        call.begin()
        show()
        for act in acts:
            for part in _parts(act):
                try:
                    _do(call, part)
                except ValueError as error:
                    if args.press is not None:
                        raise
                    print(f"{error}", file=sys.stderr)
                call.settle()
                show()
            if call.done:
                break
        if not call.done:
            call.hang_up()
            show()
    except (Stuck, ValueError) as error:
        show()
        print(f"ivr: {error}", file=sys.stderr)
        return 1
    end = {
        "at": round(call.at, 2),
        "outcome": call.state.outcome,
        "language": call.state.language,
        "survey": call.state.survey,
    }
    print(json.dumps(end, ensure_ascii=False) if args.json else f"The call is over: {call.state.outcome}.")
    return 0


def _typed(call: "Simulation") -> Iterator[str]:
    """What somebody types, until the end of the input."""
    while not call.done:
        sys.stderr.write(f"[{WORDS.get(call.awaits, 'h hangs up')}] ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return
        yield from line.split() or ["."]


def _parts(act: str) -> list[str]:
    return list(act) if re.fullmatch(r"[0-9*#]+", act) else [act]


def _do(call: "Simulation", act: str) -> None:
    """One act. Raises ValueError for one that nobody knows or that nothing waits for."""
    from ivr.flow import durations

    match act[0], act[1:]:
        case key, "" if key in "0123456789*#":
            if call.awaits not in ("keys", "operator", "message"):
                raise ValueError(f"nobody waits for the key {key}: {_waits(call)}")
            call.press(key)
        case ".", "":
            call.silence()
        case "h", "":
            call.hang_up()
        case "u", "":
            call.unstaffed = True
        case "w", duration:
            call.wait(durations.parse(duration))
        case "o", operator if operator and call.awaits == "operator":
            code, _, disposition = operator.partition(":")
            call.operator_answers(code, disposition=disposition)
            call.settle()
            call.talk_over()
        case "r", "timeout":
            call.reply(0, problem="timeout")
        case "r", reply if re.match(r"[1-5][0-9]{2}(:|$)", reply):
            call.reply(int(reply[:3]), _json(reply[4:]))
        case "t", answers if answers in ("", "no") and call.awaits == "outside":
            call.outside(answers == "")
        case _:
            raise ValueError(f"'{act}' does not fit here: {_waits(call)}; see --help for what can be done")


def _waits(call: "Simulation") -> str:
    return "the call is over" if call.done else f"the flow waits for {call.awaits} at node '{call.node}'"


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except json.JSONDecodeError as error:
        raise ValueError(f"'{text}' is no JSON: {error}") from None
