# Everything that a user or developer starts; `make help` lists it.
PORT ?= 8000
BIND ?= 127.0.0.1
export PORT BIND
ifdef SHUANGGE_HOME
export SHUANGGE_HOME
endif

.DEFAULT_GOAL := help
.PHONY: help run stop test check bench docs format lock

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/'
	@echo "  variables: PORT (8000), BIND (127.0.0.1), SHUANGGE_HOME (./var)"

run:  ## from nothing to a service that answers, demo station loaded
	@.ci/setup run
	@.venv/bin/shuangge up

stop:  ## stop service, worker and private database; data stays
	@if [ -x .venv/bin/shuangge ]; then .venv/bin/shuangge down; else echo "Nothing is installed, nothing runs."; fi

test:  ## all tests on a real PostGIS and in a real Chromium
	@.ci/setup test
	@.venv/bin/pytest -n 2 --dist loadfile

check:  ## formatting, lint, types, import directions, house rules
	@.ci/setup test
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/pytest tests/house -q
	@if command -v tsc >/dev/null 2>&1; then tsc --project static; \
	elif npx --no-install tsc --version >/dev/null 2>&1; then npx --no-install tsc --project static; \
	else echo "tsc is not installed: the browser code's types are not checked (npm install --no-save typescript)"; fi

bench:  ## benchmarks of tests/bench; prints tables
	@.ci/setup test
	@.venv/bin/python -m tests.bench

docs:  ## write the tables of docs/ and the catalogue's texts that follow from the code
	@.ci/setup test
	@.venv/bin/python -m tests.house.tables
	@.venv/bin/python -m tests.house.catalogue

format:  ## write the formatting
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lock:  ## pin all dependencies by hash again (needs uv)
	uv pip compile --generate-hashes --universal --no-header --no-annotate --python-version 3.11 \
	  pyproject.toml -o requirements.lock
	uv pip compile --generate-hashes --universal --no-header --no-annotate --python-version 3.11 --extra dev \
	  pyproject.toml -o requirements-dev.lock
