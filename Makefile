.DEFAULT_GOAL := help
PORT ?= 8501
RUNS ?= $(or $(TRAINDECK_RUNS),runs)
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
PY := $(VENV)/bin/python

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(PY):
	@python="$(PYTHON)"; "$${python:=python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Traindeck needs Python 3.11 or newer; $$python is not that." \
			"Name one: make run PYTHON=/path/to/python3.12" >&2; exit 2; }; \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.txt | $(PY)
	@echo "Installing requirements.txt into $(VENV); once, and some minutes the first time" >&2
	@$(PY) -m pip install --disable-pip-version-check -q -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-extras.txt $(VENV)/.runtime
	@$(PY) -m pip install --disable-pip-version-check -q -r requirements-dev.txt
	@touch $@

run: export TRAINDECK_RUNS := $(RUNS)
run: export PORT := $(PORT)
run: $(VENV)/.runtime ## Open the app (PORT=8501, RUNS=runs)
	@$(PY) -m components.serve

test: $(VENV)/.dev ## Run all tests (browser tests need chromium)
	$(PY) -m pytest -n auto --dist worksteal --ignore tests/browser
	$(PY) -m pytest -n 2 --dist worksteal tests/browser || { \
		echo "Browser tests failed beside one another; those again, alone:"; \
		$(PY) -m pytest --last-failed --last-failed-no-failures none tests/browser; }

lint: $(VENV)/.dev ## Formatting, lint and types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

check: lint test ## lint, then test: what CI runs

$(VENV)/.bench: requirements-bench.txt $(VENV)/.dev
	@rm -rf $(VENV)/bench
	@$(PY) -m pip install --disable-pip-version-check -q --no-deps --target $(VENV)/bench \
		-r requirements-bench.txt
	@touch $@

bench: $(VENV)/.bench ## Measure speed side by side and print ratios
	$(PY) -m benchmarks

shots: $(VENV)/.dev ## Screenshots of every page into shots/
	$(PY) -m tests.browser.shots

docs: $(VENV)/.runtime ## docs/configuration.md from the schema
	$(PY) -m engine docs > docs/configuration.md.part
	@mv docs/configuration.md.part docs/configuration.md

.PHONY: help run test lint check bench shots docs
