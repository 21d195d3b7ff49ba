"""Live calls: sessions that feed the flow machine and carry out its actions, claim, operators' legs, the journey."""
