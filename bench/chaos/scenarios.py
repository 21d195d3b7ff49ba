"""What breaks, and when: each is told the site and breaks it while calls come. By name, in words (its docstring), and
when callers may be lost: those whom it takes with it."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.chaos.site import Site
from bench.chaos.verdict import Out

BEFORE = 8.0  # seconds of undisturbed calls
A_CALL = 30.0  # seconds that a call may last
SECOND = "asterisk-2"


@dataclass(frozen=True)
class Scenario:
    """`breaks` tells what it has taken out, when there are several Asterisks."""

    name: str
    breaks: Callable[[Site], Awaitable[Out | None]]
    forgiven: tuple[float, float] | None = None
    postgresql: bool = False
    asterisks: int = 1

    @property
    def title(self) -> str:
        return " ".join((self.breaks.__doc__ or "").split())


async def controller_killed(site: Site, times: int = 2) -> None:
    """One of two controllers is killed, twice."""
    for _ in range(times):
        await asyncio.sleep(BEFORE)
        os.kill(site.running.controllers["controller-1"], signal.SIGKILL)


async def lead_killed(site: Site) -> None:
    """The controller that decides for all is killed."""
    await asyncio.sleep(BEFORE)
    os.kill(site.running.controllers[await site.lead()], signal.SIGKILL)


async def controller_hangs(site: Site) -> None:
    """One of two controllers stands still for 8 s, and wakes up."""
    await asyncio.sleep(BEFORE)
    pid = site.running.controllers["controller-2"]
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(8)
    finally:
        os.kill(pid, signal.SIGCONT)


async def all_controllers_killed(site: Site) -> None:
    """Both controllers are killed at once."""
    await asyncio.sleep(BEFORE)
    for pid in site.running.controllers.values():
        os.kill(pid, signal.SIGKILL)


async def asterisk_killed(site: Site) -> None:
    """Asterisk is killed: the calls on it are over; who calls again is served."""
    await asyncio.sleep(BEFORE)
    os.kill(site.running.asterisk, signal.SIGKILL)


async def database_away(site: Site) -> None:
    """PostgreSQL is away for 15 s."""
    await asyncio.sleep(BEFORE)
    await asyncio.to_thread(site.database_server.stop)
    await asyncio.sleep(15)
    await asyncio.to_thread(site.database_server.start)


async def database_hangs(site: Site) -> None:
    """PostgreSQL is stopped for 15 s, with its connections open: it does not answer, and nobody is told."""
    await asyncio.sleep(BEFORE)
    site.database_server.hang()
    await asyncio.sleep(15)
    site.database_server.go_on()


async def controller_killed_while_the_database_is_away(site: Site) -> None:
    """PostgreSQL is away for 15 s, and meanwhile one of two controllers is killed."""
    await asyncio.sleep(BEFORE)
    await asyncio.to_thread(site.database_server.stop)
    await asyncio.sleep(3)
    os.kill(site.running.controllers["controller-1"], signal.SIGKILL)
    await asyncio.sleep(12)
    await asyncio.to_thread(site.database_server.start)


async def lead_hangs_while_the_database_is_away(site: Site) -> None:
    """PostgreSQL is away for 15 s, and meanwhile the controller that decides for all stands still for good."""
    await asyncio.sleep(BEFORE)
    lead = site.running.controllers[await site.lead()]
    await asyncio.to_thread(site.database_server.stop)
    await asyncio.sleep(3)
    os.kill(lead, signal.SIGSTOP)
    await asyncio.sleep(12)
    await asyncio.to_thread(site.database_server.start)


async def all_others_killed(site: Site) -> None:
    """All that no call needs is killed: pages, delivery of tickets, anonymiser, listening."""
    await asyncio.sleep(BEFORE)
    running = site.running
    for pid in (running.web, running.tickets, running.listening, *running.anonymizers.values()):
        os.kill(pid, signal.SIGKILL)


async def one_asterisk_killed(site: Site) -> Out:
    """One of two Asterisks is killed: who is on the other notices nothing, and who calls then is served."""
    await asyncio.sleep(BEFORE)
    pid = site.running.asterisks[SECOND]
    os.kill(pid, signal.SIGKILL)
    at = site.now()
    return Out(SECOND, at, at, await asyncio.to_thread(site.active_again, SECOND, pid), killed=True)


async def an_asterisk_drained(site: Site) -> Out:
    """One of two Asterisks is given no more calls until it has none left, and is taken back: nothing is lost at all."""
    await asyncio.sleep(BEFORE / 2)  # its calls need 38 s to their end, and others are to come after that
    await asyncio.to_thread(site.house.ivr, "asterisks", "drain", SECOND)
    at = site.now()
    await asyncio.to_thread(site.emptied, SECOND)
    until = site.now()
    await asyncio.to_thread(site.house.ivr, "asterisks", "take", SECOND)
    return Out(SECOND, at, until, site.now())


ALL = (
    Scenario("controller-killed", controller_killed),
    Scenario("lead-killed", lead_killed),
    Scenario("controller-hangs", controller_hangs),
    Scenario("all-controllers-killed", all_controllers_killed),
    # Who is in a call then, and who calls until it is back and has its phones again.
    Scenario("asterisk-killed", asterisk_killed, forgiven=(BEFORE - A_CALL, BEFORE + 10)),
    Scenario("database-away", database_away, postgresql=True),
    Scenario("database-hangs", database_hangs, postgresql=True),
    Scenario("database-away-and-a-controller-killed", controller_killed_while_the_database_is_away, postgresql=True),
    Scenario("database-away-and-the-lead-hangs", lead_hangs_while_the_database_is_away, postgresql=True),
    Scenario("all-others-killed", all_others_killed),
    Scenario("one-asterisk-killed", one_asterisk_killed, asterisks=2),
    Scenario("an-asterisk-drained", an_asterisk_drained, asterisks=2),
)
