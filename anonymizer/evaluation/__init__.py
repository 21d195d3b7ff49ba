"""How well a profile hides who speaks: attackers of three kinds, on any folder of speakers."""
