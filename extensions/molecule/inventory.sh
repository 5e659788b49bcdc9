#!/bin/sh
# The inventory of all scenarios; what it says depends on the Kubernetes that is there.
cd "$(dirname "$0")/../.." && exec .venv/bin/python -m tests.e2e.inventory
