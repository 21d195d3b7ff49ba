"""The keys that the recordings' data keys are wrapped by: the ring of them, one module a place where they may be."""
