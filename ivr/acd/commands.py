"""What people ask of the floor: over the link, to the controller that decides. Each is answered with where the operator
stands then, or refused with a reason for people.

Operators may ask these for themselves, supervisors and admins for everybody; the web server sees to it (GRANTS), and to
the audit of what supervisors do. `by`: `page`, `api`, `supervisor NAME`.
"""

import msgspec

from ivr.acd import words as w
from ivr.acd.floor import Floor
from ivr.link.messages import Refused


class SignIn(msgspec.Struct):
    """At `phone`, an account (`op-CODE`, `web-CODE`); "": the one last used. Who is in a call stays where they are."""

    operator: str
    phone: str = ""
    by: str = ""


class SignOut(msgspec.Struct):
    """In a call, it begins after it."""

    operator: str
    by: str = ""


class Pause(msgspec.Struct):
    """In a call, it begins after the wrap-up."""

    operator: str
    reason: str
    by: str = ""


class Ready(msgspec.Struct):
    """Back from a pause, or done with the wrap-up; who is signed out is signed in where they last were."""

    operator: str
    by: str = ""


class EndWrapUp(msgspec.Struct):
    operator: str
    by: str = ""


class Stands(msgspec.Struct):
    """The answer. `then`: what comes after the call, "" when nothing was asked for."""

    operator: str
    state: str
    reason: str
    phone: str
    then: str = ""


Command = SignIn | SignOut | Pause | Ready | EndWrapUp
ALL: tuple[type[Command], ...] = (SignIn, SignOut, Pause, Ready, EndWrapUp)
LONGEST_REASON = 40


def carry_out(floor: Floor, command: Command) -> Stands:
    """Raises Refused."""
    floor.must_lead()
    code = command.operator
    operator = floor.operator(code)
    if operator is None:
        raise Refused(f"there is no operator {code}")
    there, phone = operator.presence, operator.phone
    match command:
        case SignIn(_, at, by):
            if there in ("talking", "offered") and at not in ("", phone):
                raise Refused(f"operator {code} has a call at {phone}; end it before signing in at {at}")
            floor.take(w.SignedIn(code, at or phone, by))
        case SignOut(_, by):
            floor.take(w.SignedOut(code, by))
        case Pause(_, reason, by):
            if there == "signed-out":
                raise Refused(f"operator {code} is not signed in")
            if not reason.strip() or len(reason) > LONGEST_REASON:
                raise Refused(f"a pause has a reason, of up to {LONGEST_REASON} characters")
            floor.take(w.Paused(code, reason.strip(), by))
        case Ready(_, by):
            if there == "unreachable":
                raise Refused(f"the phone {phone} of operator {code} cannot be reached")
            floor.take(w.SignedIn(code, phone, by) if there == "signed-out" else w.Resumed(code, by))
        case EndWrapUp(_, by):
            if there != "wrap-up":
                raise Refused(f"operator {code} is not in wrap-up but {there}")
            floor.take(w.Resumed(code, by))
    then = operator.then
    return Stands(code, operator.presence, operator.reason, operator.phone, (then[1] or then[0]) if then else "")
