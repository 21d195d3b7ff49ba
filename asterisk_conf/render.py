"""Writes one installation's Asterisk configuration from `templates/`.

Everything that changes lies under the installation's folder; programs, modules and sounds come from the tree.
"""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asterisk_conf.tree import Tree

TEMPLATES = Path(__file__).parent / "templates"

# A controller's ARI application is named PREFIX + its id; the dialplan broadcasts calls to all of them.
APP_PREFIX = "ivr-"
CLAIM_MS = 2000
ARI_USER = "ivr"


@dataclass(frozen=True)
class Sockets:
    """Where this Asterisk listens. `trunk_from` are the addresses citizens' calls come from."""

    sip_listen: str
    trunk_from: tuple[str, ...]
    sip: int
    ari: int
    ami: int
    rtp_first: int
    rtp_last: int


def render(
    tree: Tree, folder: Path, *, logs: Path, sockets: Sockets, password: str, apology: str, plain_dialplan: str = ""
) -> Path:
    """Write the configuration below `folder`; returns the path for `asterisk -C`.

    `apology`: the sound files (without extension, joined by `&`) a caller hears when no controller answers.
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
        "apology": apology,
    }
    environment = Environment(  # noqa: S701 these are configuration files, not HTML
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    for template in sorted(TEMPLATES.glob("*.conf")):
        text = environment.get_template(template.name).render(values)
        if template.name == "extensions.conf" and plain_dialplan:
            text += "\n" + plain_dialplan
        path = etc / template.name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
    return etc / "asterisk.conf"
