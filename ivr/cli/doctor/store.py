"""The store, and where recordings and tickets go: reachable, and as this version needs them."""

from collections.abc import Iterator

from sqlalchemy import text

from ivr.cli.deliver import faults
from ivr.cli.doctor.finding import Finding, ok, problem, unknown
from ivr.cli.vault import needed_secret, open_store, open_vault
from ivr.problem import Problem
from ivr.settings import Settings
from ivr.store.database import Database, StoreError

PROBE = "doctor-probe"


def database(settings: Settings) -> Iterator[Finding]:
    one = Database(settings.database_url)
    if not one.made:
        yield unknown("database", f"{one.name} is not there yet; `ivr up` makes it")
        return
    try:
        with one.read() as session:
            session.execute(text("SELECT 1"))
        has, wants = one.revisions()
    except StoreError as error:
        yield problem("database", str(error), "start it, or say in store.url where it is; `ivr up` makes a new one")
        return
    yield ok("database", f"{one.name} answers")
    if has == wants:
        yield ok("database.migrated", f"revision {has}, as this version needs")
    else:
        mend = "`ivr up` brings it to that when it starts" if _is_older(has, wants) else "use the newer version"
        yield problem("database.migrated", f"revision {has or 'none'}, this version needs {wants}", mend)


def _is_older(has: str, wants: str) -> bool:
    """Revisions begin with their number."""
    return not has or has < wants


def recordings(settings: Settings) -> Iterator[Finding]:
    """What lies in a folder is seen by `disk` and `data`; in S3 a probe is written, read and deleted."""
    if settings.recordings.store == "s3":
        bucket = settings.recordings.s3.bucket
        mend = "see recordings.s3 in the settings, the secrets s3-access-key and s3-secret-key, and their rights there"
        try:
            store = open_store(settings)
            store.put(PROBE, [b"ok"])
            same = store.read(PROBE, 0, 2) == b"ok"
            store.delete(PROBE)
        except Problem as error:
            yield problem("recordings.s3", str(error), mend)
        else:
            whole = ok("recordings.s3", f"the bucket {bucket} takes recordings and gives them back")
            yield whole if same else problem("recordings.s3", f"the bucket {bucket} gives back something else", mend)
    try:
        places = open_vault(settings).ring.places
        yield ok("recordings.keys", "; ".join(f"{one.name}: {len(one.ids())} keys" for one in places))
    except Problem as error:
        yield problem("recordings.keys", str(error), "see recordings.keys in the settings; docs/recordings.md")


def tickets(settings: Settings) -> Iterator[Finding]:
    name = settings.tickets.backend
    mend = f"see [tickets.{name}] in the settings, the secret it needs, and docs/tickets.md"
    if name == "embedded":
        yield ok("tickets", "embedded: in the store")
        return
    try:
        found = faults(settings)
    except Problem as error:
        yield problem("tickets", str(error), mend)
        return
    yield from (problem("tickets", f"{name}: {one}", mend) for one in found)
    if not found:
        yield ok("tickets", f"{name} answers, takes our token, and has what we need")


def alarms(settings: Settings) -> Iterator[Finding]:
    given = settings.alarms
    needs = {"mail-password": given.mail.server and given.mail.user, "alarms-webhook": given.webhook}
    for name in (name for name, used in needs.items() if used):
        needed_secret(settings, name)  # a Problem is a finding
    if given.mail.server or given.webhook:
        yield ok("alarms", "people are told; `ivr alarms test` shows whether it arrives")
    else:
        mend = "set alarms.mail or alarms.webhook: docs/observability.md"
        yield unknown("alarms", "nobody is told of an outage", mend)
