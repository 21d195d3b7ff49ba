"""The vault that an installation's settings ask for."""

from pathlib import Path

import pytest

from ivr.cli.installation import InstallationError
from ivr.cli.vault import open_vault
from ivr.settings import load
from tests.s3 import BUCKET


def test_the_default_is_a_folder_and_keys_in_files(tmp_path: Path) -> None:
    vault = open_vault(load(tmp_path, environment={}))
    vault.store.put("day/a", [b"x"])
    assert (tmp_path / "recordings/day/a").read_bytes() == b"x"
    assert (tmp_path / "secrets/recordings" / vault.ring.current("original").id).exists()


def test_s3_and_keys_of_the_environment(tmp_path: Path, s3_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"STORE": "s3", "S3__BUCKET": BUCKET, "S3__ENDPOINT": s3_address, "KEYS": "environment,files"}
    settings = load(tmp_path, environment={f"NUMERO_NERO_RECORDINGS__{name}": text for name, text in given.items()})
    with pytest.raises(InstallationError, match=r"the secret s3-access-key is missing: put it into .*given/s3-access"):
        open_vault(settings)
    (tmp_path / "secrets/given").mkdir(parents=True)
    (tmp_path / "secrets/given/s3-access-key").write_text("tests\n")
    monkeypatch.setenv("NUMERO_NERO_SECRET_S3_SECRET_KEY", "tests")
    monkeypatch.setenv("NUMERO_NERO_KEY_ORIGINAL_1", "ab" * 32)
    vault = open_vault(settings)
    vault.store.put("day/vault", [b"x"])
    assert vault.store.read("day/vault", 0, 9) == b"x" and not (tmp_path / "recordings").exists()
    vault.store.delete("day/vault")
    assert vault.ring.current("original").id == "original-1"
