"""What other houses send is believed only when it is signed, and fresh."""

import pytest

from ivr.signed import headers, is_signed, signature

SECRET = "of-the-webhook"


@pytest.mark.parametrize(
    "secret, at, body, believed",
    [
        (SECRET, "1000", b"{}", True),
        (SECRET, "1299", b"{}", True),
        ("another", "1000", b"{}", False),
        (SECRET, "1301", b"{}", False),
        (SECRET, "699", b"{}", False),
        (SECRET, "-1000", b"{}", False),
        (SECRET, "1000.0", b"{}", False),
        (SECRET, "", b"{}", False),
        ("", "1000", b"{}", False),
    ],
)
def test_a_signature_is_fresh_and_made_with_the_secret(secret: str, at: str, body: bytes, believed: bool) -> None:
    given = signature(secret, at, body)
    assert is_signed(SECRET if secret else "", at, given, body, 1000.0) == believed
    assert not is_signed(SECRET, at, given, body + b" ", 1000.0)


def test_what_we_send_is_believed_over_there() -> None:
    sent = headers(SECRET, 1000.9, b"{}")
    assert is_signed(SECRET, sent["Numero-Nero-Time"], sent["Numero-Nero-Signature"], b"{}", 1001.0)
