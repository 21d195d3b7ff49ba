"""node-ari-client, to compare with. Its packages are fetched into our cache, by their hashes in `package-lock.json`."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from asterisk_conf.debian import cache_dir

HERE = Path(__file__).parent
NAME = "node-ari-client 2.2.0"


def argv(address: str, user: str, password: str, prompt: Path) -> list[str]:
    """What starts it; [] where there is no Node.js, which is not fetched for this alone."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return []
    key = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
    folder = cache_dir() / f"node-ari-client-{key}"
    if not (folder / "node_modules/.package-lock.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    shutil.copy(HERE / "controller.js", folder)
    return [node, str(folder / "controller.js"), address, user, password, str(prompt)]
