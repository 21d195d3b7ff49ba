"""A real OpenID provider over HTTP (oidc-provider-mock, Authlib's server). PKCE is checked here: it does not."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import flask
import oidc_provider_mock
from werkzeug.serving import make_server


@dataclass
class Running:
    """`address` is its issuer. `authorized`: the queries of the sign-ins."""

    address: str = ""
    authorized: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def provider() -> Iterator[Running]:
    """Its host is `localhost`: for a browser another site than ours at 127.0.0.1."""
    running = Running()
    app = oidc_provider_mock.app(require_nonce=True)

    @app.before_request
    def pkce() -> tuple[str, int] | None:
        asked = flask.request
        if asked.path == "/oauth2/authorize" and asked.method == "POST":
            running.authorized.append(dict(asked.args))
        if asked.path == "/oauth2/token":
            digest = hashlib.sha256(asked.form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if all(one.get("code_challenge") != challenge for one in running.authorized):
                return "the code_verifier does not fit", 400
        return None

    server = make_server("localhost", 0, app, threaded=True)
    running.address = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
