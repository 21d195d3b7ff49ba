"""The anonymiser: WAV in, WAV out. Its parts come with their own issue."""
