"""The flow language: model, loader with line numbers, checker, pure machine. Uses nothing else of ours."""
