"""Who gives a command, where it takes a user of ours with a role: they show their password."""

import argparse
import getpass
import sys

from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store.schema import User
from ivr.web import users


class NotAllowed(Problem):
    """A user who is not the one they say, or may not do this."""


def argument(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--as",
        dest="user",
        required=required,
        default="",
        metavar="USER",
        help="who you are; the password is asked for, or read from the input",
    )


def password(user: str) -> str:
    """From the terminal, else the first line that comes in."""
    return getpass.getpass(f"Password of {user}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def name(session: Session, user: str, password: str, roles: frozenset[str]) -> str:
    """Of the user, who has one of the roles. Raises NotAllowed."""
    found: User | None = users.check(session, user, password)
    if found is None:
        raise NotAllowed("wrong name or password; who signs in at an OpenID provider has none here")
    if found.role not in roles:
        raise NotAllowed(f"the role {found.role} may not do this: it takes {' or '.join(sorted(roles))}")
    return found.name
