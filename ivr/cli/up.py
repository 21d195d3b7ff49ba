"""`ivr up`: fetch what is missing, start everything, say how to call, and stop it all on Ctrl-C."""

import argparse
import asyncio
import contextlib
import logging
import shutil
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from asterisk_conf import kamailio, render, tree
from ivr import logs
from ivr.cli import log_files, open_files
from ivr.cli.asterisks import addresses, kamailio_folder, proxy
from ivr.cli.certificate import own_certificate
from ivr.cli.children import Child
from ivr.cli.flow.test import failures
from ivr.cli.installation import (
    InstallationError,
    Running,
    check_ports,
    link_key,
    lock,
    make_folders,
    note,
    secret,
)
from ivr.cli.installation import library as open_library
from ivr.cli.output import common
from ivr.ending import told_to_end
from ivr.flow.builtin import LANGUAGES, builtin_say
from ivr.flow.findings import FlowErrors
from ivr.prompts.library import PromptError
from ivr.publishing.publish import FailingTests, PublishError, differs, publish
from ivr.publishing.versions import load as load_version
from ivr.publishing.versions import on_disk
from ivr.settings import Settings, load
from ivr.store import controllers, flow_versions
from ivr.store.database import Database, StoreError
from ivr.web.users import ensure_admin

log = logging.getLogger(__name__)

PATIENCE = 60.0
AGAIN, LATER = 1.0, 10.0  # seconds between looks for a database that is away, and after one that cannot be used
ANSWER = 3.0  # seconds that the database has
Say = Callable[[str], None]

WITHOUT = """{error}
  The database is away: this starts without it. Calls are answered by version {version} of the flows, the last known
  here, and what they have written is kept in {backlog}.
  Until it is back nobody can sign in to the pages, no operator is known, so who comes to a queue is not served by one,
  and tickets, callbacks, recordings and reports wait. Then its tables are brought to what this version needs before
  anything is written. It is looked for every second."""


PROBLEMS = (FlowErrors, PublishError, PromptError, StoreError)


class NotReady(Exception):
    """A program we started did not come up."""


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr up --data /srv/numero-nero --base-port 16000")
    parser.add_argument("--base-port", type=int, metavar="P", help="first of the 1,000 ports to use (15000)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load(args.data, base_port=args.base_port)
    if settings.machines.asterisk:
        print("ivr up: this folder is for a controller of another machine's Asterisk: ivr controller", file=sys.stderr)
        return 1
    problems = (InstallationError, tree.TreeError, *PROBLEMS, NotReady)
    try:
        return asyncio.run(_up(settings))
    except FailingTests as error:
        print("\n".join([*error.failures, f"ivr up: {error}; nothing is published yet"]), file=sys.stderr)
        return 1
    except problems as error:
        print(f"ivr up: {error}", file=sys.stderr)
        return 1


async def _up(settings: Settings) -> int:
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begun:5.1f} s] {text}", file=sys.stderr, flush=True)

    logs.start("up")
    make_folders(settings)
    held = lock(settings)
    check_ports(settings)
    open_files.allow()
    asterisk_tree = await asyncio.to_thread(tree.ensure, say)
    database = Database(settings.database_url)
    there = await asyncio.to_thread(ready_store, settings, database, say)
    children = await asyncio.to_thread(_children, settings, asterisk_tree)
    stop = told_to_end()
    starting = asyncio.create_task(_start(settings, children, asterisk_tree, say))
    catching_up = asyncio.create_task(asyncio.sleep(0) if there else _catch_up(settings, database, say))
    stopping = asyncio.create_task(stop.wait())
    turning = asyncio.create_task(_turn_log_files(settings))
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            say("ready")
            print(_how_to(settings), flush=True)
        await stopping
    finally:
        starting.cancel()
        catching_up.cancel()
        turning.cancel()
        say("stopping ...")
        for child in reversed(children):
            await child.stop()
        with contextlib.suppress(FileNotFoundError):
            settings.state_file.unlink()
        held.close()
        say("stopped")
    return 0


async def _turn_log_files(settings: Settings) -> None:
    most, kept = int(settings.log_files.megabytes * 1_000_000), settings.log_files.kept
    while True:
        await asyncio.sleep(log_files.LOOK)
        try:
            await asyncio.to_thread(log_files.turn, settings.logs, most, kept)
        except OSError as error:
            log.error("log files grow: %s", error)


def ready_store(settings: Settings, database: Database, say: Say) -> bool:
    """Make the database what our programs need. False: it is away, and they begin without it, which they can once it
    has been there. Raises PROBLEMS."""
    try:
        _make_ready(settings, database, say)
    except StoreError as error:
        if not database.is_away(error):
            raise
        known = on_disk(settings.flow_versions)
        if not known:
            raise StoreError(
                f"{error}\nThe database is away, and this folder has not run with it yet, so there are neither tables "
                "nor flows: start when it is there (later starts do not need it)"
            ) from error
        say(WITHOUT.format(error=error, version=known[0], backlog=settings.backlog))
        return False
    return True


def _make_ready(settings: Settings, database: Database, say: Say, *, running: bool = False) -> None:
    database.migrate()
    ensure_admin(database, settings)
    ready_flows(settings, database, say, running=running)


async def _catch_up(settings: Settings, database: Database, say: Say) -> None:
    """What the database must have, as soon as it is back. Nobody else writes into it until its tables are ours
    (`Database(migrated=True)`); so nothing is lost, or half done, however long that takes."""
    told = ""
    while True:
        try:
            await asyncio.to_thread(_make_ready, settings, database, say, running=True)
        except PROBLEMS as error:
            away = isinstance(error, StoreError) and database.is_away(error)
            if not away and str(error) != told:
                told = str(error)
                say(f"the database is back, and cannot be used yet; calls go on without it: {error}")
            await asyncio.sleep(AGAIN if away else LATER)
        else:
            say("the database is back: what calls have written meanwhile comes into it now, and nothing waits any more")
            return


def ready_flows(settings: Settings, database: Database, say: Say, *, running: bool = False) -> None:
    """At the first start what is in the folder is published; from then on what was published runs. `running`: calls
    do already."""
    folder, library, last = settings.flows.folder, open_library(settings), 0.0

    def progress(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > 1 or done == total:
            last = time.monotonic()
            say(f"prompts: {done} of {total}")

    with database.read() as session:
        active = flow_versions.active_number(session)
    if not active:
        tests, signed = partial(failures, settings=settings), {"author": "ivr up", "note": "first start"}
        active = publish(database, folder, library, tests=tests, progress=progress, **signed)
        say(f"{folder}/ is published as version {active}")
        return
    for old in settings.flow_versions.glob("*"):
        if old.name != str(active) and not running:  # no call is up that could need it
            shutil.rmtree(old, ignore_errors=True)
    version = load_version(database, active, settings.flow_versions, library.of)
    version.library.make_all(version.book.all_says(), progress)
    if folder.is_dir() and differs(database, folder):
        say(f"{folder}/ has changes that are not published: ivr flow publish")


def _children(settings: Settings, asterisk_tree: tree.Tree) -> list[Child]:
    """In the order of starting."""
    data = ["--data", str(settings.data.resolve())]
    ivr = [sys.executable, "-m", "ivr.cli.main"]
    # Who delivers tickets ends after the controllers, whose last calls make some.
    names = [f"controller-{number}" for number in range(1, settings.controllers.count * settings.asterisks.count + 1)]
    of = {name: index // settings.controllers.count + 1 for index, name in enumerate(names)}
    anonymizers = [f"anonymizer-{number}" for number in range(1, settings.anonymizers.count + 1)]
    return [
        *_asterisks(settings, asterisk_tree),
        *([_kamailio(settings)] if settings.proxied else []),
        Child("tickets", [*ivr, "deliver", *data], settings.logs, 5),
        *(
            Child(name, [*ivr, "controller", name, "--asterisk", str(of[name]), *data], settings.logs, 20)
            for name in names
        ),
        *([Child("media", [*ivr, "media", *data], settings.logs, 10)] if settings.machines.listen else []),
        Child("listening", [*ivr, "listening", *data], settings.logs, 5),
        Child("web", [*ivr, "web", *data], settings.logs, 5),
        *(Child(name, [*ivr, "anonymizer", name, *data], settings.logs, 10) for name in anonymizers),
        *([Child("traces", [*ivr, "traces", *data], settings.logs, 5)] if settings.traces.endpoint else []),
        # Ended first: that the others end then is nothing to tell.
        Child("watch", [*ivr, "watch", *data], settings.logs, 5),
    ]


def _asterisks(settings: Settings, asterisk_tree: tree.Tree) -> list[Child]:
    before = proxy(settings) if settings.proxied else None
    fallback, edge, children = _fallback(settings), _edge(settings), []
    for number, name in enumerate(settings.asterisk_names, 1):
        ports = settings.ports_of(number)
        configuration = render.render(
            asterisk_tree,
            settings.asterisk_folder(name),
            # Each has its own: their files have the same names.
            logs=settings.logs if number == 1 else settings.logs / name,
            sockets=render.Sockets(
                sip_listen=settings.sip.listen,
                trunk_from=tuple(settings.sip.trunk_from),
                sip=ports.sip,
                sips=ports.sips,
                ari=ports.ari,
                ami=ports.ami,
                rtp_first=ports.rtp_first,
                rtp_last=ports.rtp_last,
                machines=_machines(settings),
            ),
            password=secret(settings, "asterisk"),
            fallback=fallback,
            edge=edge,
            proxy=before,
        )
        argv = asterisk_tree.argv("asterisk", "-f", "-C", str(configuration))
        children.append(Child(name, argv, settings.logs, 10))
    return children


def _kamailio(settings: Settings) -> Child:
    got, folder = kamailio.ensure(lambda line: print(line, file=sys.stderr)), kamailio_folder(settings)
    kamailio.render(
        got,
        folder,
        proxy=proxy(settings),
        asterisks=list(addresses(settings).values()),
        phones=settings.ports.phones,
        trunk_from=settings.sip.trunk_from,
        phones_from=settings.sip.phones_from,
        tls=kamailio.Tls(settings.ports.sips, *_certificate(settings), settings.sip.tls == "only")
        if settings.sip.tls != "off"
        else None,
    )
    return Child("kamailio", got.command(folder), settings.logs, 5)


def _edge(settings: Settings) -> render.Edge:
    sip, certificate, key = settings.sip, None, None
    ends_here = sip.tls != "off" and not settings.proxied  # else at Kamailio
    if ends_here:
        certificate, key = _certificate(settings)
    only = ends_here and sip.tls == "only"
    return render.Edge(tuple(sip.phones_from), certificate, key, only, sip.srtp, sip.per_number)


def _certificate(settings: Settings) -> tuple[Path, Path]:
    """The files of the certificate for SIP over TLS and of its key."""
    sip = settings.sip
    if sip.certificate.name:
        return sip.certificate.resolve(), sip.key.resolve()
    return own_certificate(settings.secrets, sip.listen)


def _machines(settings: Settings) -> render.Machines | None:
    """Where controllers on other machines find ARI."""
    key = link_key(settings)
    if key.certificate is None or key.private is None:
        return None
    return render.Machines(settings.machines.listen, settings.ports.ari_tls, key.certificate, key.private)


def _fallback(settings: Settings) -> render.Fallback:
    library, limits = open_library(settings), settings.admission

    def said(prompt: str) -> tuple[str, ...]:
        return tuple(str(library.make(builtin_say(prompt, language)).with_suffix("")) for language in LANGUAGES)

    return render.Fallback(
        hold=said("hold-the-line"),
        goodbye="&".join(said("apology")),
        refusal="&".join(said("lines-busy")),
        seconds=round(limits.hold),
        most=limits.held,
        told=limits.told if limits.refuse == "prompt" else 0,
    )


async def _start(settings: Settings, children: list[Child], asterisk_tree: tree.Tree, say: Say) -> None:
    version = asterisk_tree.asterisk_version()
    of = {child.name: child for child in children}
    asterisk, tickets, listening, web, watch = (
        of[name] for name in ("asterisk", "tickets", "listening", "web", "watch")
    )
    asterisks = [of[name] for name in settings.asterisk_names]
    controllers_, anonymizers = (
        [child for child in children if child.name.startswith(f"{kind}-")] for kind in ("controller", "anonymizer")
    )

    def write_note() -> None:
        pids, more, others = (
            {child.name: child.pid for child in group} for group in (controllers_, anonymizers, asterisks[1:])
        )
        traces, before, media = (of[name].pid if name in of else 0 for name in ("traces", "kamailio", "media"))
        own = (web.pid, tickets.pid, listening.pid, more, watch.pid, traces, others, before, media)
        running = Running(_own_pid(), asterisk.pid, version, pids, *own)
        note(settings, running)

    write_note()  # the ports, before anybody asks for them
    for child in children:
        child.on_start = write_note
        say(f"starting {child.name}")
        await child.start()
    for number, child in enumerate(asterisks, 1):
        await _until(lambda number=number: _listens(settings.ports_of(number).ari), child)  # type: ignore[misc]
    begun, database = datetime.now(UTC), Database(settings.database_url, ANSWER, migrated=True)
    for number, child in enumerate(controllers_):
        ari = settings.ports_of(number // settings.controllers.count + 1).ari
        await _until(partial(_takes_calls, settings, database, child.name, begun, ari), child)
    await _until(lambda: _listens(settings.ports.web, settings.web.listen), web)


async def _until(ready: Callable[[], object], child: Child) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(ready):
        if time.monotonic() > deadline or (child.process and child.process.returncode not in (None, 0)):
            raise NotReady(f"{child.name} did not start; see {child.logs / child.name}.log")
        await asyncio.sleep(0.1)


def _listens(port: int, host: str = "127.0.0.1") -> bool:
    import socket

    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host if host != "0.0.0.0" else "127.0.0.1", port)) == 0  # noqa: S104


def _takes_calls(settings: Settings, database: Database, name: str, since: datetime, ari: int) -> bool:
    """Says the store or, while that is away, Asterisk, which knows a controller that has come to it."""
    try:
        return _beats(database, name, since)
    except StoreError as error:
        if not database.is_away(error):
            raise
    login = b64encode(f"{render.ARI_USER}:{secret(settings, 'asterisk')}".encode()).decode()
    address = f"http://127.0.0.1:{ari}/ari/applications/{render.APP_PREFIX}{name}"
    try:
        asked = urllib.request.Request(address, headers={"Authorization": f"Basic {login}"})
        with urllib.request.urlopen(asked, timeout=ANSWER):  # noqa: S310 - our own Asterisk
            return True
    except OSError:
        return False


def _beats(database: Database, name: str, since: datetime) -> bool:
    with database.read() as session:
        return any(row.id == name and row.seen_at >= since for row in controllers.alive(session, datetime.now(UTC)))


def _own_pid() -> int:
    import os

    return os.getpid()


def _how_to(settings: Settings) -> str:
    ports, data = settings.ports, settings.data
    option = "" if data == Path("data") else f" --data {data}"
    return f"""
Numero Nero is running.

  Call it         sip:+390600000001@{settings.sip.listen}:{ports.sip} with any SIP phone, or
                  .venv/bin/ivr call +390600000001{option} --press ,,,1,,1 --save heard.wav
  See a whole call  .venv/bin/ivr demo{option}
  Pages           http://{settings.web.listen}:{ports.web}/  user admin, password in {settings.secrets}/admin-password
  State           .venv/bin/ivr status{option}
  Everything lies in {data.resolve()}
  Stop            Ctrl-C here (or: kill {_own_pid()})
"""
