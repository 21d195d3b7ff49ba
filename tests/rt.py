"""A real Request Tracker 5 of the tests' own: Debian's packages in our cache, run there in a chroot, on SQLite.

It has the queue `Assistenza` with custom fields, and our user with a token. `faults.Faults` can stand before it.
"""

import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from fcntl import LOCK_EX, flock
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from asterisk_conf import debian

SUITE = "bookworm"
PACKAGES = ("request-tracker5", "rt5-db-sqlite", "rt5-standalone")
PATIENCE = 90.0
QUEUE = "Assistenza"
_numbers = count()

CONFIGURATION = """
Set($rtname, 'tests');
Set($Organization, 'tests.example');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/rt.sqlite3');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($BcryptCost, 4);
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
Set($MailCommand, 'mbox');
$RT::VarPath = '{folder}';
$RT::LogDir = '{folder}';
$RT::MasonDataDir = '{folder}/mason';
$RT::MasonSessionDir = '{folder}/sessions';
1;
"""
SEED = """
@Queues = ({ Name => 'Assistenza', SLADisabled => 1 });
@CustomFields = map { { Name => $_, Type => 'FreeformSingle', Queue => ['Assistenza'] } } qw(
    call_id type outcome language);
@Users = ({ Name => 'numero-nero', Privileged => 1 });
@ACL = map { { UserId => 'numero-nero', Queue => 'Assistenza', Right => $_ } } qw(
    SeeQueue ShowTicket ShowTicketComments CreateTicket ModifyTicket CommentOnTicket DeleteTicket
    SeeCustomField ModifyCustomField SetInitialCustomField);
push @ACL, { UserId => 'numero-nero', Right => 'ManageAuthTokens' };
@Final = (sub {
    my $user = RT::CurrentUser->new;
    $user->Load('numero-nero');
    my ($id, $said, $token) = RT::AuthToken->new($user)->Create(Owner => $user->Id, Description => 'tests');
    open my $file, '>', "$ENV{HOME}/token";
    print $file $token;
});
"""


class RequestTracker:
    """Its data lies in `folder`, which outlives a stop."""

    def __init__(self, tree: Path, name: str) -> None:
        self.tree, self._inside = tree, f"/srv/{name}"
        self.folder = tree / "srv" / name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def token(self) -> str:
        return (self.folder / "token").read_text("ascii")

    def make(self) -> None:
        """The database, with the seed in it."""
        self.folder.mkdir(parents=True)
        self._configure()
        (self.folder / "seed.pl").write_text(SEED, "utf-8")
        for action in (["init", "--skip-create"], ["insert", "--datafile", f"{self._inside}/seed.pl"]):
            command = self._command("/usr/sbin/rt-setup-database-5", "--action", *action)
            done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=PATIENCE)
            assert done.returncode == 0, done.stdout + done.stderr

    def _configure(self) -> None:
        for name in ("site.d", "mason", "sessions"):
            (self.folder / name).mkdir(exist_ok=True)
        text = CONFIGURATION.format(folder=self._inside, port=self.port)
        (self.folder / "RT_SiteConfig.pm").write_text(text, "utf-8")

    def start(self) -> None:
        """Returns when it answers."""
        self._configure()
        server = "/usr/share/request-tracker5/libexec/rt-server"
        with (self.folder / "log").open("ab") as output:
            # Whatever kills the tests ends it, too.
            ending = ["setpriv", "--pdeathsig", "TERM"]
            self._process = subprocess.Popen(
                [*ending, *self._command(server, "--host", "127.0.0.1", "--port", str(self.port))],
                env=self._environment, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.1)

    def _answers(self) -> bool:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection, suppress(OSError):
            connection.request("GET", "/REST/2.0/rt", headers={"Authorization": f"token {self.token}"})
            return connection.getresponse().status in (200, 401)
        return False

    def kill(self) -> None:
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # it has processes of its own
            self._process.wait(PATIENCE)
            self._process = None

    def run(self, statement: str) -> None:
        """SQL, as an administrator over there might have done it."""
        with closing(sqlite3.connect(self.folder / "rt.sqlite3", timeout=30)) as connection, connection:
            connection.execute(statement)

    def resolve(self, number: str) -> None:
        self.run(f"UPDATE Tickets SET Status = 'resolved' WHERE id = {int(number)}")  # noqa: S608

    def tickets(self) -> list[tuple[str, str, str]]:
        """(call, number, subject) of each that is neither merged into another nor rejected."""
        statement = (
            "SELECT coalesce(v.Content, ''), t.id, t.Subject FROM Tickets t"
            " LEFT JOIN CustomFields c ON c.Name = 'call_id' LEFT JOIN ObjectCustomFieldValues v ON"
            " v.CustomField = c.id AND v.ObjectId = t.id AND v.ObjectType = 'RT::Ticket' AND v.Disabled = 0"
            " WHERE t.EffectiveId = t.id AND t.Status NOT IN ('rejected', 'deleted') ORDER BY t.id"
        )
        with closing(sqlite3.connect(self.folder / "rt.sqlite3", timeout=30)) as connection:
            return [(call, str(number), subject) for call, number, subject in connection.execute(statement)]

    def _command(self, program: str, *arguments: str) -> list[str]:
        own = [] if os.getuid() == 0 else ["unshare", "--map-root-user"]
        return [*own, "chroot", str(self.tree), "/usr/bin/perl", program, *arguments]

    @property
    def _environment(self) -> dict[str, str]:
        site = {"RT_SITE_CONFIG": f"{self._inside}/RT_SiteConfig.pm", "RT_SITE_CONFIG_DIR": f"{self._inside}/site.d"}
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": self._inside, **site}


@contextmanager
def server() -> Iterator[RequestTracker]:
    """Runs while it is entered; it begins without tickets."""
    what = "Request Tracker (about 470 MB)"
    tree = debian.unpacked("request-tracker", SUITE, PACKAGES, what, lambda line: print(line, flush=True))
    seed = RequestTracker(tree, f"seed-{hashlib.sha256((SEED + CONFIGURATION).encode()).hexdigest()[:12]}")
    (tree / "srv").mkdir(exist_ok=True)
    with (tree / "srv" / "lock").open("w") as held:
        flock(held, LOCK_EX)
        if not (seed.folder / "whole").exists():
            shutil.rmtree(seed.folder, ignore_errors=True)
            seed.make()
            (seed.folder / "whole").touch()
        for old in (tree / "srv").glob("run-*"):
            if not Path("/proc", old.name.split("-")[1]).exists():  # of tests that were killed
                shutil.rmtree(old, ignore_errors=True)
    one = RequestTracker(tree, f"run-{os.getpid()}-{next(_numbers)}")
    shutil.copytree(seed.folder, one.folder)
    try:
        one.start()
        yield one
    finally:
        one.kill()
        shutil.rmtree(one.folder)
