"""Graphviz, from the tree: lays a graph out. Only its layout is used, so neither fonts nor pictures are needed."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from asterisk_conf.tree import Tree

PLUGINS = ("core", "dot_layout")
SECONDS = 60


class GraphvizError(Exception):
    """A graph could not be laid out; the message is Graphviz's."""


def layout(tree: Tree, dot: str) -> dict[str, Any]:
    """Graphviz's JSON for a graph in DOT: points, y upwards. Raises GraphvizError."""
    try:
        done = _run(tree, _plugins(tree), "-Tjson0", given=dot)
    except subprocess.TimeoutExpired as error:
        raise GraphvizError(f"Graphviz took longer than {SECONDS} s") from error
    if done.returncode != 0:
        raise GraphvizError(done.stderr.strip() or f"Graphviz ended with {done.returncode}")
    laid: dict[str, Any] = json.loads(done.stdout)
    return laid


def _run(tree: Tree, plugins: Path, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        tree.argv("dot", *arguments),
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=os.environ | {"GVBINDIR": str(plugins)},
    )


def _plugins(tree: Tree) -> Path:
    """A folder beside the tree with the plugins we use and Graphviz's list of them; made at first use.

    The tree's own folder has the plugins for pictures too, which want fonts set up on the host.
    """
    folder = tree.path.with_name(f"{tree.path.name}-graphviz")
    if folder.exists():
        return folder
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix="graphviz-"))
    try:
        for name in PLUGINS:
            for file in tree.path.glob(f"usr/lib/*/graphviz/libgvplugin_{name}.so*"):
                shutil.copy2(file, made, follow_symlinks=False)
        done = _run(tree, made, "-c")
        if done.returncode != 0:
            raise GraphvizError(done.stderr.strip())
        made.chmod(0o755)
        made.rename(folder)
    except OSError:
        if not folder.exists():  # another process was not faster either
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder
