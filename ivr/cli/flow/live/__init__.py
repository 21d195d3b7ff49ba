"""`ivr flow test --live`: the designers' tests as real SIP calls to a real Asterisk."""
