# The checkout's commands; `make help` lists them. Every stage of `make test` stands in tests/run.py.

PYTHON ?= python3
RUN := .venv/bin/python -m tests.run

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-down test lint unit integration e2e chaos bench build docs-lint clean

help:  ## list the commands
	@sed -n 's/^\([a-z0-9-]*\):.*##/\1:/p' $(MAKEFILE_LIST) | sort | while IFS=: read -r name what; do printf '  %-12s%s\n' "$$name" "$$what"; done

setup:  ## make the developer environment (.venv); at once when it is there
	@$(PYTHON) -m tests.environment

demo: setup  ## a healthy Redis Cluster on a local Kubernetes, or on the one of KUBECONFIG; IMAGE=<other than the default>
	@.venv/bin/python -m tests.demo up --image "$(IMAGE)"

demo-down: setup  ## remove what `make demo` made
	@.venv/bin/python -m tests.demo down

test: setup  ## everything that proves the collection
	@$(RUN)

lint: setup  ## the static checks
	@$(RUN) lint

unit: setup  ## the unit tests
	@$(RUN) unit

integration: setup  ## the tests against real servers on this machine
	@$(RUN) integration

e2e: setup  ## the tests on a real Kubernetes
	@$(RUN) e2e

chaos: setup  ## the long sweeps: a run and servers killed at every step, on every version
	@$(RUN) servers chaos

bench: setup  ## measure, and write build/bench.json
	@.venv/bin/python -m tests.servers fetch
	@.venv/bin/python -m tests.bench

docs-lint: setup  ## check the documentation of modules and roles
	@$(RUN) docs

build: setup  ## the artifact that `ansible-galaxy collection install` takes, in dist/
	@.venv/bin/ansible-galaxy collection build --force --output-path dist

clean:  ## remove what was built in the checkout; the cache stays
	rm -rf build dist .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output
