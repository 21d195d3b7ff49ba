"""An invitation: what a controller on another machine must know of this installation, in one file (JSON).

That is the settings that calls go by, and the secrets of what it speaks with: Asterisk, our other processes, phones.
Not those of the recordings: they are taken in where Asterisk is.
"""

import json
import os
import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from ivr.cli.installation import MACHINES, link_key, secret
from ivr.problem import Problem
from ivr.secret_file import write_once
from ivr.settings import FILE_NAME, Settings

SECTIONS = {"ports", "sip", "prompts", "http", "clock", "asterisks", "admission", "callbacks", "store"}
SECRETS = ("asterisk", "link", "phones")
FILES = (f"{MACHINES}-certificate.pem", f"{MACHINES}-key.pem")


def write(settings: Settings, file: Path) -> None:
    """Raises Problem, also when the file is there."""
    here = settings.machines.listen
    if not here or settings.machines.asterisk:
        raise Problem("controllers elsewhere need an address of this machine: machines.listen, then `ivr up` anew")
    store = make_url(settings.store.url)
    if store.host in (None, "", "localhost", "127.0.0.1", "::1") or "host" in store.query:
        raise Problem("store.url: another machine reaches PostgreSQL only under an address of the network")
    if store.query.get("sslmode", "prefer") in ("allow", "prefer"):
        raise Problem(
            "store.url: what calls write might go over the network in clear: end it with ?sslmode=verify-full (and "
            "&sslrootcert=FILE, the same on every machine), or with ?sslmode=disable if the network itself is encrypted"
        )
    for name in SECRETS:
        secret(settings, name)
    link_key(settings)
    told = {
        "settings": settings.model_dump(mode="json", include=SECTIONS, exclude_defaults=True),
        "asterisk": here,
        "secrets": {name: (settings.secrets / name).read_text("ascii") for name in (*SECRETS, *FILES)},
    }
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Problem(f"{file}: cannot be made ({error.strerror}); give another name") from error
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(told, out, indent=1)


def join(file: Path, data: Path) -> None:
    """Make the folder of a controller by this invitation. Raises Problem, also when the folder is another
    installation's."""
    try:
        told = json.loads(file.read_text("utf-8"))
        asterisk, secrets, settings = told["asterisk"], told["secrets"], told["settings"]
    except (OSError, ValueError, KeyError) as error:
        raise Problem(f"{file}: this is no invitation of `ivr invite` ({error})") from error
    path = data / FILE_NAME
    for there in (path, data / "secrets"):
        if there.exists():
            raise Problem(f"{there}: is there already; leave out --join, or take another --data")
    settings["machines"] = {"listen": _towards(asterisk), "asterisk": asterisk}
    for name in (*SECRETS, *FILES):
        write_once(data / "secrets" / name, secrets[name])
    write_once(path, toml(settings))


def _towards(address: str) -> str:
    """The address of this machine from which that one is reached."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as one:
        try:
            one.connect((address, 9))  # nothing is sent
        except OSError as error:
            raise Problem(f"there is no way from here to {address}, where Asterisk is: {error.strerror}") from error
        return str(one.getsockname()[0])


def toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Settings as their file has them. A text in JSON is one in TOML."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in section.items() if value is not None)
        for name, section in sections.items()
    )


def _value(value: Any) -> str:
    match value:
        case dict():
            pairs = (f"{json.dumps(key)} = {_value(one)}" for key, one in value.items() if one is not None)
            return "{" + ", ".join(pairs) + "}"
        case list():
            return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=True)
