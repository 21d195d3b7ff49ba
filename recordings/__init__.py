"""The life of a recording: capture, ingest, catalogue, retention."""
