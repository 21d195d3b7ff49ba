#!/usr/bin/env bash
# Builds the project's own Python environment from the lock file. Called by `make setup`.
set -euo pipefail
python=${PYTHON:-python3.11}
venv=${VENV:-.venv}

command -v "$python" >/dev/null || python=python3
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "setup: Python 3.11 or newer is needed and '$python' is not it; install it or set PYTHON=/path/to/python3.11" >&2
  exit 1
fi
echo "setup: making $venv with the packages of requirements.lock ..."
rm -f "$venv/.installed-from-lock"
if ! "$python" -m venv "$venv" >/dev/null 2>"$venv.log"; then
  cat "$venv.log" >&2
  rm -f "$venv.log"
  echo "setup: '$python' could not make a virtual environment; on Debian: apt-get install python3-venv" >&2
  exit 1
fi
rm -f "$venv.log"
if ! "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; then
  echo "setup: the download of the pinned packages failed (see above); check the network or pip's index setting and run again" >&2
  exit 1
fi
# `compat`: a plain path entry; the default finder costs every `ivr` command 20 ms.
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
  --config-settings editable_mode=compat --editable .
echo "setup: ready, the command is $venv/bin/ivr"
