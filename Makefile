# The front door. `make` alone lists the targets.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
HOME_DEMO := .shihyo/demo

.DEFAULT_GOAL := help
.PHONY: help install demo test test-ckan check format lock openapi bench clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp is newer than what it was made from, so a second run does nothing.
$(BIN)/.run: setup.cfg pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing shihyo into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(BIN)/.test: $(BIN)/.run
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

install: $(BIN)/.run ## install the command shihyo into .venv; see docs/how-to/ckan.md for publishing to a CKAN

demo: $(BIN)/.run ## harvest the sample sources, publish them and serve on http://127.0.0.1:$(PORT)
	@SHIHYO_HOME=$(HOME_DEMO) SHIHYO_PORT=$(PORT) SHIHYO_SITE_URL=http://127.0.0.1:$(PORT) exec $(BIN)/shihyo demo

test: $(BIN)/.test ## install what the tests need and run them all
	@$(BIN)/python -m pytest $(PYTEST)

test-ckan: $(BIN)/.test ## the tests of CKAN alone: one suite on the embedded catalogue and a real CKAN, publishing, harvesting
	@$(BIN)/python -m pytest tests/conformance/ckan tests/catalog/ckan tests/ckan $(PYTEST)

check: $(BIN)/.test ## formatting, lint, types, direction of imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(BIN)/.test ## format the code and sort the imports
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

openapi: $(BIN)/.run ## write openapi.json from the code
	@$(BIN)/shihyo openapi write openapi.json

lock: ## pin the newest versions that setup.cfg allows in constraints.txt
	@rm -rf .lock && $(PYTHON) -m venv .lock && .lock/bin/python -m pip install --quiet --upgrade '.[test]'
	@.lock/bin/python -m pip freeze --exclude shihyo --exclude pip --exclude setuptools > constraints.txt
	@rm -rf .lock

bench: $(BIN)/.test ## measure; see benchmarks/README.md
	@$(BIN)/python -m benchmarks

clean: ## remove the environment and the demo's folder
	rm -rf $(VENV) .shihyo
