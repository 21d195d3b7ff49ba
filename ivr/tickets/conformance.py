"""What every backend must do, tried on a real one: `ivr tickets conformance NAME`, and the tests of backends.

It makes tickets there, of calls that never were; their subjects begin with `Conformance`.
"""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ivr.tickets.backend import STATES, Backend
from ivr.tickets.outcome import Draft

Check = Callable[[Backend], None]
SUBJECTS = ("日本語 العربية हिन्दी Ελληνικά", "😀👩‍👩‍👧", "' \" \\ {x} <b> & % $", "è" * 200, "0", "")
FIELDS = {"outcome": "served", "language": "it", "note": "first line\nsecond line, 😀"}


@dataclass(frozen=True)
class Finding:
    """`problem`: "" when the backend does it."""

    what: str
    problem: str = field(default="")


def conformance(backend: Backend) -> Iterator[Finding]:
    """One finding a check, as it is made."""
    for check in CHECKS:
        what = (check.__doc__ or check.__name__).strip().rstrip(".")
        try:
            check(backend)
        except Exception as error:
            yield Finding(what, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        else:
            yield Finding(what)


def _draft(subject: str = "Conformance", call: str = "", **changes: object) -> Draft:
    given: dict[str, object] = {"type": "Q", "fields": FIELDS}
    return Draft(call or f"conformance-{uuid.uuid4()}", subject=subject, **(given | changes))  # type: ignore[arg-type]


def _demand(true: object, problem: str) -> None:
    if not true:
        raise AssertionError(problem)


def nothing_is_missing(backend: Backend) -> None:
    """`check` finds nothing missing over there."""
    problems = backend.check()
    _demand(not problems, "; ".join(problems))


def unknown_calls_have_no_ticket(backend: Backend) -> None:
    """A call without a ticket is not found."""
    _demand(backend.find([f"conformance-{uuid.uuid4()}"]) == {}, "a ticket was found of a call that never was")
    _demand(backend.find([]) == {}, "a ticket was found of no call")


def a_ticket_is_found(backend: Backend) -> None:
    """A ticket that was made is found at once by its call, and is not closed."""
    draft = _draft()
    [number] = backend.put([draft])
    seen = backend.find([draft.call_id]).get(draft.call_id)
    _demand(seen is not None, f"ticket {number} was made and is not found")
    assert seen
    _demand(seen.reference == number, f"ticket {number} was made, {seen.reference} is found")
    _demand(seen.state in STATES and seen.state != "closed", f"its state is '{seen.state}'")


def the_same_call_has_one_ticket(backend: Backend) -> None:
    """Put again, a call has the ticket that it had."""
    draft = _draft()
    numbers = {backend.put([draft])[0] for _ in range(3)}
    _demand(len(numbers) == 1, f"three deliveries made {numbers}")


def two_at_once_make_one_ticket(backend: Backend) -> None:
    """Four who deliver the same call at the same moment leave one ticket."""
    draft = _draft()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: backend.put([draft]), range(4)))
    numbers = {backend.put([draft])[0], backend.find([draft.call_id])[draft.call_id].reference}
    _demand(len(numbers) == 1, f"they made {numbers}")


def several_keep_their_order(backend: Backend) -> None:
    """Numbers come back in the order of the calls, of old and new ones alike."""
    drafts = [_draft() for _ in range(3)]
    second = backend.put([drafts[1]])[0]
    numbers = backend.put(drafts)
    seen = backend.find([draft.call_id for draft in drafts])
    _demand(numbers[1] == second, "the one that there was before got another number")
    _demand([seen[draft.call_id].reference for draft in drafts] == numbers, "the numbers are those of other calls")


def changes_are_taken(backend: Backend) -> None:
    """Type, subject and fields are changed, comments and links added, and twice does no harm."""
    draft = _draft()
    [number] = backend.put([draft])
    fields = FIELDS | {"note": "another", "outcome": "callback"}
    changed = _draft("Conformance, changed", draft.call_id, type="PI", fields=fields, changed=("note", "outcome"))
    for _ in range(2):
        backend.update(number, changed)
        backend.comment(number, "a comment, 😀")
        backend.attach(number, "recording", "https://example.it/review/recordings/1")
    _demand(backend.put([changed]) == [number], "the changed ticket has another number")


def one_that_is_over_begins_closed(backend: Backend) -> None:
    """A ticket of a call that needed nobody is closed from the start."""
    draft = _draft(state="closed")
    backend.put([draft])
    state = backend.find([draft.call_id])[draft.call_id].state
    _demand(state == "closed", f"its state is '{state}'")


def every_text_is_taken(backend: Backend) -> None:
    """Subjects in every script, with emoji, with what other languages escape, of 200 characters, and none."""
    for subject in SUBJECTS:
        draft = _draft(f"Conformance {subject}"[:200] if subject else "")
        _demand(backend.put([draft]) == backend.put([draft]), f"{subject[:20]!r}")


def long_fields_are_taken(backend: Backend) -> None:
    """A field of 10,000 characters."""
    backend.put([_draft(fields=FIELDS | {"note": "è" * 10_000})])


CHECKS: tuple[Check, ...] = (
    nothing_is_missing,
    unknown_calls_have_no_ticket,
    a_ticket_is_found,
    the_same_call_has_one_ticket,
    two_at_once_make_one_ticket,
    several_keep_their_order,
    changes_are_taken,
    one_that_is_over_begins_closed,
    every_text_is_taken,
    long_fields_are_taken,
)
