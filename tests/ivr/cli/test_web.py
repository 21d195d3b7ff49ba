"""`ivr web` does not start with an OpenID provider of which something is missing."""

from pathlib import Path

from tests.ivr.cli.conftest import Ivr


def test_the_clients_secret_is_missing(ivr: Ivr, data: Path) -> None:
    text = '[openid]\nissuer = "https://login.example"\nclient_id = "us"\nroles = {a = "admin"}\n'
    (data / "numero-nero.toml").write_text(text)
    done = ivr("web", "--data", data)
    assert done.status == 1 and "the secret openid-client-secret is missing: put it into" in done.err
