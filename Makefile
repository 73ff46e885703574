# Every command a newcomer needs; `make` alone lists them. Nothing is installed outside this folder,
# save the virtual-environment package of a Debian that lacks it (scripts/setup says so).

SHELL := /bin/bash
.DEFAULT_GOAL := help

# `make run PORT=9000` becomes the setting CASEKEEP_PORT; only what was typed counts, because a
# variable called HOST or DATA in somebody's shell means something else.
typed = $(if $(filter command,$(origin $(1))),CASEKEEP_$(1)="$($(1))")

.PHONY: help setup run test check sizes format fuzz reference clean

help: ## Show this list
	@printf 'Casekeep: the file room of a clinic\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  PORT=9000, HOST=0.0.0.0 and DATA=folder change what `make run` uses.\n'

setup: .venv/ready ## Make .venv with everything in uv.lock (a few minutes the first time)

.venv/ready: uv.lock pyproject.toml scripts/setup scripts/environment.sh
	@scripts/setup

run: setup ## Start the demo clinic on http://127.0.0.1:8000
	@$(foreach name,HOST PORT DATA,$(call typed,$(name))) .venv/bin/casekeep demo

test: setup ## Run everything that CI runs
	@scripts/test

check: setup ## Form, lint, types, layers and quick tests: under a minute
	@scripts/check

sizes: setup ## List what is over the aim of 150 lines a file and 20 a function
	@.venv/bin/python -m tests.architecture.sizes

format: setup ## Let ruff rewrite what it can
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

fuzz: setup ## Ask a real server whatever its documents allow, for ten minutes
	@scripts/fuzz --seconds 600

reference: setup ## Write the reference pages that come from the code
	@.venv/bin/python scripts/write_client.py
	@.venv/bin/python scripts/write_reference.py

clean: ## Remove what was built and cached; the demo's data stay
	rm -rf .venv .cache dist tests/npm/node_modules .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
