"""The robot phone: a real SIP user agent (baresip) that we drive, for `ivr call`, `ivr desk`, `ivr demo` and tests."""
