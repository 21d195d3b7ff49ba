"""Writes one installation's Asterisk configuration from `templates/`.

Everything that changes lies under the installation's folder; programs, modules and sounds come from the tree.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asterisk_conf.tree import Tree

TEMPLATES = Path(__file__).parent / "templates"

# A controller's ARI application is named PREFIX + its id; the dialplan broadcasts calls to all of them.
APP_PREFIX = "ivr-"
CLAIM_MS = 2000
# Of a caller who is kept while no controller is there: how long the next one has to claim them, during which they hear
# nothing; seconds of music from one question to the next; after so many turns the sentences come again.
ASK_MS, MUSIC, TURNS = 500, 4, 20
ARI_USER = "ivr"
TRUNK = "trunk"  # the endpoint of citizens' calls
HEADER = "X-Numero-Nero"


@dataclass(frozen=True)
class Machines:
    """Where controllers on other machines find ARI, over TLS alone."""

    host: str
    port: int
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Sockets:
    """Where this Asterisk listens. `trunk_from` are the addresses citizens' calls come from."""

    sip_listen: str
    trunk_from: tuple[str, ...]
    sip: int
    sips: int
    ari: int
    ami: int
    rtp_first: int
    rtp_last: int
    machines: Machines | None = None


@dataclass(frozen=True)
class Edge:
    """How far telephones and the carrier are let in. `phones_from`: networks that telephones come from. `certificate`
    and its `key` (PEM): SIP is spoken over TLS as well, or `only` so. `srtp`: sound is encrypted (SDES), `required`:
    every call's. `per_number`: calls at once from one number."""

    phones_from: tuple[str, ...] = ("127.0.0.0/8",)
    certificate: Path | None = None
    key: Path | None = None
    only: bool = False
    srtp: Literal["off", "offered", "required"] = "off"
    per_number: int = 20


@dataclass(frozen=True)
class Proxy:
    """What stands before several Asterisks, at `host` and `port`: nobody else is let in to them. What it sends as the
    trunk's has the header HEADER with its `secret`."""

    host: str
    port: int
    secret: str

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Fallback:
    """What callers hear of the dialplan itself; sounds are files without extension, several joined by `&`.

    `hold`: while no controller is there, one after the other; `goodbye`: when that has lasted `seconds`. At most `most`
    are kept at a time. `refusal`: when there are too many calls; at most `told` hear it at a time, the others get 503.
    """

    hold: tuple[str, ...]
    goodbye: str
    refusal: str
    seconds: int = 600
    most: int = 200
    told: int = 30


def render(
    tree: Tree,
    folder: Path,
    *,
    logs: Path,
    sockets: Sockets,
    password: str,
    fallback: Fallback,
    edge: Edge = Edge(),
    proxy: Proxy | None = None,
    plain_dialplan: str = "",
) -> Path:
    """Write the configuration below `folder`; returns the path for `asterisk -C`.

    `plain_dialplan` is put at the end of the dialplan: benchmarks compare with it.
    """
    etc = folder / "etc"
    for path in (etc, logs, folder / "lib" / "agi-bin", folder / "lib" / "keys", folder / "spool"):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    values = {
        "tree": tree,
        "run": folder,
        "logs": logs,
        "sockets": sockets,
        "ari_user": ARI_USER,
        "ari_password": password,
        "app_filter": APP_PREFIX,
        "claim_ms": CLAIM_MS,
        "ask_ms": ASK_MS,
        "music": MUSIC,
        "turns": TURNS,
        "fallback": fallback,
        "edge": edge,
        "proxy": proxy,
        "header": HEADER,
    }
    environment = Environment(  # noqa: S701 these are configuration files, not HTML
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    for template in sorted(TEMPLATES.iterdir()):
        text = environment.get_template(template.name).render(values)
        if template.name == "extensions.conf" and plain_dialplan:
            text += "\n" + plain_dialplan
        path = etc / template.name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
    return etc / "asterisk.conf"
