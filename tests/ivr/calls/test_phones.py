"""The accounts of operators' phones and their passwords."""

from ivr.calls import phones

SECRET, MIDNIGHT = "s3cret", 1_764_028_800.0


def test_a_browsers_password_is_of_its_operator_and_its_time() -> None:
    now = phones.period(MIDNIGHT)
    own = phones.browser_password(SECRET, "4271", now)
    assert own == phones.browser_password(SECRET, "4271", phones.period(MIDNIGHT + phones.BROWSER_PASSWORD - 1))
    others = {
        phones.browser_password(SECRET, "4271", phones.period(MIDNIGHT + phones.BROWSER_PASSWORD)),
        phones.browser_password(SECRET, "4272", now),
        phones.browser_password("another", "4271", now),
        phones.password(SECRET, "4271"),
    }
    assert own not in others and len(others) == 4


def test_the_sound_of_a_browser_is_encrypted_and_bound_where_we_listen() -> None:
    endpoint = phones.browser_phone("4271", SECRET, 0, "192.0.2.7")["endpoint"]
    assert (endpoint["webrtc"], endpoint["media_address"]) == ("yes", "192.0.2.7")
    assert endpoint["bind_rtp_to_media_address"] == "yes"
    assert "media_address" not in phones.browser_phone("4271", SECRET, 0, phones.ANYWHERE)["endpoint"]
    assert "webrtc" not in phones.sip_phone("4271", SECRET)["endpoint"]
