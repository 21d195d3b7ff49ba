"""Wrong passwords are counted by user and address together, by user, and by address; and forgotten."""

from ivr.web.throttle import FROM_ONE_PLACE, IN_ALL, WITHIN, Throttle


def test_one_user_from_one_address() -> None:
    throttle = Throttle()
    for at in range(FROM_ONE_PLACE):
        assert not throttle.refuses("anna", "a", at)
        throttle.failed("anna", "a", at)
    assert throttle.refuses("anna", "a", WITHIN - 1)
    assert not throttle.refuses("anna", "b", WITHIN - 1) and not throttle.refuses("bruno", "a", WITHIN - 1)
    assert not throttle.refuses("anna", "a", WITHIN), "the first of them is too long ago"


def test_one_user_from_everywhere_and_everybody_from_one_address() -> None:
    throttle = Throttle()
    for number in range(IN_ALL):
        throttle.failed("anna", f"address-{number}", 0.0)
        throttle.failed(f"user-{number}", "a", 0.0)
    assert throttle.refuses("anna", "new", 1.0) and throttle.refuses("new", "a", 1.0)
    assert not throttle.refuses("new", "new", 1.0)


def test_nothing_is_kept_of_what_is_over() -> None:
    throttle = Throttle()
    throttle.failed("anna", "a", 0.0)
    assert not throttle.refuses("bruno", "b", WITHIN) and throttle._failures == {}
