# Qudao 渠道. Everything the project needs goes into .venv beside this file; `rm -rf .venv` undoes it all.

PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && command -v "$$name" && break; done)
VENV := .venv/bin/python
PIP := $(VENV) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
NEEDS := pyproject.toml constraints.txt

.PHONY: help setup run test check lint golden migration bench campaign demo

help:
	@echo "make run       start on http://localhost:8080 (the first time it installs what it needs)"
	@echo "make demo      fill an empty database with a brand to play with"
	@echo "make test      run every test"
	@echo "make check     lint, and the tests of the folders that were changed since the last commit"
	@echo "make lint      check style, types and the rules between rooms"
	@echo "make golden    write the files that tests compare with anew, to be read in review"
	@echo "make migration NAME=\"…\"  write the next migration from what the models say"
	@echo "make bench     measure, with the floor and the peers beside our figures"
	@echo "make campaign  the long runs; QUDAO_DATASETS=folder with the data sets"
	@echo "make setup     install what running and testing need, and nothing else"

setup: .venv/setup-test

run: .venv/setup-run
	$(VENV) app.py serve

demo: .venv/setup-run
	$(VENV) app.py demo load

test: .venv/setup-test
	$(VENV) -m tests.support.browser
	$(VENV) -m pytest -n logical --durations 10

lint: .venv/setup-test
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	PYTHONPATH=. $(VENV) .venv/bin/lint-imports

check: .venv/setup-test lint
	$(VENV) -m tests.support.changed

golden: .venv/setup-test
	QUDAO_UPDATE_GOLDEN=1 $(VENV) -m pytest -q tests/test_routes.py tests/api/test_application.py -k "reviewed or rely_on"

# The name goes by the environment, as it was typed: neither make nor a shell runs what stands in it.
unexport NAME
migration: export MIGRATION_NAME := $(value NAME)
migration: .venv/setup-test
	$(VENV) -m migrations.new

bench: .venv/setup-test
	$(VENV) -m benchmarks

campaign: .venv/setup-test
	@test -d "$(QUDAO_DATASETS)" || { echo "QUDAO_DATASETS must name the folder with the data sets:" \
		"make campaign QUDAO_DATASETS=…"; exit 1; }
	$(VENV) -m tests.support.browser
	QUDAO_DATASETS="$(QUDAO_DATASETS)" $(VENV) -m pytest -n logical -m campaign --timeout 0 tests/campaign

# A stamp is newer than what it was made from, so nothing is asked of the network when nothing changed.
.venv/setup-run: $(NEEDS) .venv/bin/python
	$(PIP) .
	@touch $@

.venv/setup-test: $(NEEDS) .venv/bin/python
	$(PIP) ".[test,lint]"
	@touch $@ .venv/setup-run

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Qudao needs Python 3.11 or newer, and there is none on the PATH." \
		"On Debian 12 and Ubuntu 24.04: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -q && apt-get install -y -q $$package; \
		else \
			echo "Python's venv module is missing. Install it, then repeat: sudo apt-get install $$package"; exit 1; \
		fi; }
	@$(PYTHON) -m venv --clear .venv || { rm -rf .venv; exit 1; }
