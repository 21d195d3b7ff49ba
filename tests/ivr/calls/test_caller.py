import pytest

from ivr.calls.caller import Caller, identify


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("+390471123456", Caller("+390471123456", False, "0471", "IT")),
        ("0471123456", Caller("+390471123456", False, "0471", "IT")),
        ("00390165123456", Caller("+390165123456", False, "0165", "IT")),
        ("+390612345678", Caller("+390612345678", False, "06", "IT")),
        ("+393331234567", Caller("+393331234567", False, "", "IT")),
        ("+4930123456", Caller("+4930123456", False, "", "DE")),
        ("anonymous", Caller("", True, "", "")),
        ("", Caller("", True, "", "")),
        ("alice", Caller("", False, "", "")),
    ],
)
def test_who_calls(given: str, wanted: Caller) -> None:
    assert identify(given) == wanted
