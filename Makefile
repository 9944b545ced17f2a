.DEFAULT_GOAL := help
PORT ?= 8501
RUNS ?= runs
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.runtime: requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --disable-pip-version-check -q -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	$(PY) -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	@touch $@

run: $(VENV)/.runtime ## Open the app (PORT=8501, RUNS=runs)
	TRAINDECK_RUNS="$(RUNS)" $(PY) -m components.serve --port $(PORT)

test: $(VENV)/.dev ## Run all tests (browser tests need chromium)
	$(PY) -m pytest

lint: $(VENV)/.dev ## Formatting, lint and types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

check: lint test ## lint, then test: what CI runs

bench: $(VENV)/.dev ## Measure speed side by side and print ratios
	$(PY) -m benchmarks

shots: $(VENV)/.dev ## Screenshots of every page into shots/
	$(PY) -m tests.browser.shots

.PHONY: help run test lint check bench shots
