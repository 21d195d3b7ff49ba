"""Who may do what: roles. Everything not granted here is refused."""

from typing import get_args

from ivr.settings import Role

ROLES: tuple[str, ...] = get_args(Role)
WITH_CODE = frozenset({"operator", "supervisor", "admin"})  # who may have an operator's code: a phone to be rung at

SUPERVISE = frozenset({"admin", "supervisor"})
LIST_RECORDINGS = frozenset({"admin", "supervisor", "reviewer", "supplier-reviewer"})
SEE_CODES = frozenset({"admin", "supervisor"})  # of operators; others know them by pseudonym
# Originals are voices as they are. Nobody hears a recording's by role alone (but supervisors, where the setting
# `recordings.supervisors_hear` says so): one asks and says why, another approves, and that one may hear it for a time.
ASK_FOR_ORIGINALS = LIST_RECORDINGS | {"privacy-officer"}
APPROVE_ORIGINALS = frozenset({"admin", "privacy-officer"})
SEE_RETENTION = frozenset({"admin", "supervisor", "privacy-officer"})
AT_THE_CALL = frozenset({"admin", "supervisor", "operator"})
AT_THE_DESK = frozenset({"operator", "supervisor"})  # with an operator's code
TICKETS = AT_THE_CALL  # read, search, change, comment
READ_FLOWS = frozenset({"admin", "supervisor", "designer"})
PUBLISH = frozenset({"admin", "designer"})

REVIEW_ROUTES = (
    ("GET", "/review"),
    ("GET", "/review/events"),
    ("GET", "/review/recordings/{id}"),
    ("GET", "/review/recordings/{id}/waveform"),
    ("POST", "/review/recordings/{id}/openings"),
    ("GET", "/review/recordings/{id}/audio"),
    ("PUT", "/review/recordings/{id}/evaluation"),
    ("GET", "/review/evaluations.csv"),
    ("GET", "/review/evaluations.xlsx"),
)

# (method, route) → roles. Signing in, the language and the files of the pages are the only routes for everybody.
GRANTS: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/"): SUPERVISE,
    ("GET", "/board/events"): SUPERVISE,
    ("POST", "/sign-out"): frozenset(ROLES),
    ("GET", "/calls"): SUPERVISE,
    ("GET", "/tickets"): TICKETS,
    ("GET", "/tickets/{number}"): TICKETS,
    ("POST", "/tickets/{number}/changes"): TICKETS,
    ("POST", "/tickets/{number}/comments"): TICKETS,
    ("GET", "/tickets.csv"): SUPERVISE,
    ("GET", "/tickets.xlsx"): SUPERVISE,
    ("GET", "/recordings"): LIST_RECORDINGS,
    ("GET", "/recordings/{id}/audio"): ASK_FOR_ORIGINALS,  # and `recordings.originals` says whether this one, now
    ("GET", "/originals"): ASK_FOR_ORIGINALS,
    ("POST", "/originals"): ASK_FOR_ORIGINALS,
    ("POST", "/originals/{number}/approval"): APPROVE_ORIGINALS,
    **dict.fromkeys(REVIEW_ROUTES, LIST_RECORDINGS),  # anonymised copies alone
    ("GET", "/retention"): SEE_RETENTION,
    ("GET", "/flows"): READ_FLOWS,
    ("GET", "/flows/{source}"): READ_FLOWS,
    ("GET", "/flows/{source}/{flow}"): READ_FLOWS,
    ("GET", "/flows/{source}/{flow}/graph"): READ_FLOWS,
    ("GET", "/flows/{source}/{flow}/prompts/{prompt}/{language}"): READ_FLOWS,
    ("POST", "/flows/{source}/{flow}/calls"): READ_FLOWS,  # a simulated call changes nothing
    ("POST", "/simulations/{id}"): READ_FLOWS,
    ("GET", "/simulations/{id}/says/{says}"): READ_FLOWS,
    ("GET", "/flow-versions/{old}/{new}"): READ_FLOWS,
    ("POST", "/flow-versions"): PUBLISH,
    ("POST", "/flow-versions/{number}"): PUBLISH,
    ("GET", "/api/status"): SUPERVISE,
    ("GET", "/api/calls"): SUPERVISE,
    ("GET", "/api/tickets"): TICKETS,
    ("GET", "/api/tickets/{number}"): TICKETS,
    ("PATCH", "/api/tickets/{number}"): TICKETS,
    ("POST", "/api/tickets/{number}/comments"): TICKETS,
    ("GET", "/api/survey"): SUPERVISE,
    ("GET", "/api/recordings"): LIST_RECORDINGS,
    ("POST", "/api/recordings/{id}/originals"): ASK_FOR_ORIGINALS,
    ("GET", "/api/originals"): ASK_FOR_ORIGINALS,
    ("POST", "/api/originals/{number}/approval"): APPROVE_ORIGINALS,
    ("GET", "/api/retention"): SEE_RETENTION,
    ("GET", "/api/samples"): LIST_RECORDINGS,
    ("POST", "/api/samples"): LIST_RECORDINGS,
    ("GET", "/api/samples/{name}"): LIST_RECORDINGS,
    ("GET", "/api/samples/{name}/items"): LIST_RECORDINGS,
    ("PUT", "/api/samples/{name}/items/{id}"): LIST_RECORDINGS,
    ("PUT", "/api/calls/{id}/disposition"): AT_THE_CALL,
    ("POST", "/api/calls/{id}/commands/{name}"): AT_THE_CALL,
    ("GET", "/api/operators"): SUPERVISE,
    ("POST", "/api/operators/{code}/state"): AT_THE_CALL,
    ("GET", "/api/queues"): SUPERVISE,
    ("POST", "/api/queues/{name}/calls/{id}"): SUPERVISE,
    ("GET", "/desk"): AT_THE_DESK,
    ("GET", "/desk/events"): AT_THE_DESK,
    ("GET", "/desk/targets"): AT_THE_DESK,
    ("PUT", "/desk/calls/{id}/note"): AT_THE_DESK,
    ("GET", "/desk/phone"): AT_THE_DESK,
    ("GET", "/desk/sip"): AT_THE_DESK,
    ("GET", "/metrics"): SUPERVISE,
    # What `/api/v1` can do; whoever uses it shows a key instead (`ivr/web/v1`).
    ("GET", "/api/v1/openapi.json"): SUPERVISE,
    ("GET", "/api/v1/docs"): SUPERVISE,
}
OPEN = frozenset(
    {
        ("GET", "/sign-in"),
        ("POST", "/sign-in"),
        ("GET", "/sign-in/openid"),
        ("GET", "/sign-in/openid/back"),
        ("POST", "/language"),
        ("GET", "/static"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("POST", "/api/tickets/changes"),  # signed by the ticketing system
    }
)

# Commands about a live call → roles. Whoever commands as the operator who has the call, or with a phone, is one: their
# user has an operator's code; that it is they who have the call is for the call's controller to say.
COMMANDS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("hold", "unhold", "mute", "pause-recording", "transfer"), AT_THE_CALL),
    **dict.fromkeys(("consult", "return", "conference", "complete"), AT_THE_CALL),
    "supervise": SUPERVISE,  # which voices they hear: `recordings.supervisors_hear`; each time is in the audit
    "take-over": SUPERVISE,
}
