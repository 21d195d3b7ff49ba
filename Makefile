# Every task of the house. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-from-lock
ARGS ?=
# Calls mostly wait for sounds to end: three files of tests at a time take little more than a third of the time.
BESIDE := -n 3 --dist loadfile --no-loadscope-reorder

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(STAMP) ## build .venv with the pinned packages (`.venv/bin/ivr` is then the command)

$(STAMP): requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" VENV="$(VENV)" bash asterisk_conf/python-environment.sh
	@touch $@

run: setup ## fetch what is missing, start everything, print how to call; Ctrl-C stops it
	@exec $(BIN)/ivr up $(ARGS)

test: setup lint ## lint, types, unit tests, pages in a real Chromium, calls with real SIP on a real Asterisk
	@$(BIN)/ivr asterisk
	@$(BIN)/python -m tests.browser
	@$(BIN)/pytest $(BESIDE) $(ARGS) || { echo "once more, what failed: calls are real time, and the machine may have been busy"; \
	  $(BIN)/pytest --last-failed --last-failed-no-failures none $(ARGS); }

lint: setup ## ruff, mypy and the import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## let ruff put the code in order
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

demo: setup ## one whole call before your eyes, on the installation that `make run` started
	@$(BIN)/ivr demo $(ARGS)

bench: setup ## the benchmarks; each prints one table
	@$(BIN)/python -m bench.api
	@$(BIN)/python -m bench.anonymised_copies
	@$(BIN)/python -m bench.catalogue
	@$(BIN)/python -m bench.check
	@$(BIN)/python -m bench.controller_cpu
	@$(BIN)/python -m bench.first_audio
	@$(BIN)/python -m bench.machine
	@$(BIN)/python -m bench.prompts
	@$(BIN)/python -m bench.purge
	@$(BIN)/python -m bench.queues --operators 20 --waiting 50 --rate 2 --seconds 60 --app-queue
	@$(BIN)/python -m bench.review
	@$(BIN)/python -m bench.router
	@$(BIN)/python -m bench.scaling --minutes 1
	@$(BIN)/python -m bench.start
	@$(BIN)/python -m bench.vault
	@$(BIN)/python -m bench.wait

chaos: setup ## things break while calls come: is any lost?
	@$(BIN)/python -m bench.chaos $(ARGS)

lock: ## renew requirements.lock from pyproject.toml (needs pip-tools)
	@pip-compile -q --upgrade --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-find-links --no-header --no-annotate --extra dev -o requirements.lock pyproject.toml

clean: ## remove the environment and caches of this folder (never data/)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

.PHONY: help setup run test lint format demo bench chaos lock clean
