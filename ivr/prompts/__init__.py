"""Texts to audio: recordings, synthesis, levelling, cache. In: what to say. Out: files Asterisk can play."""
