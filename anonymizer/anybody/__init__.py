"""What anybody's voice would look like who says these sounds: the spectral envelope that a small network expects of
what the recogniser's first layers hear. Whoever really speaks is in what differs from it."""
