# Everything a newcomer, a developer and the checks of the project call. `make` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := var/bench/peers
PINS := pyproject.toml constraints.txt
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check bench bench-full faults states clean browser

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 15

run: $(VENV)/.installed ## Start the waiting room with sample people, on this machine only
	@exec $(BIN)/waiting-room demo

test: $(VENV)/.installed-test browser ## Run every test
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.installed-test ## Lint, types, arrows between modules, shape of the code, content, states
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/measure.py
	$(BIN)/waiting-room content check
	$(BIN)/waiting-room states --check

bench: $(VENV)/.installed-test $(PEERS)/.installed ## Measure speed beside others, in ten minutes
	@$(BIN)/python -m benchmarks

bench-full: $(VENV)/.installed-test $(PEERS)/.installed ## The same with up to a million patients
	@$(BIN)/python -m benchmarks --full

faults: $(VENV)/.installed-test ## Kill, cut, fill and freeze the room in every way, for three quarters of an hour
	@$(BIN)/python -m tests.faults

states: $(VENV)/.installed ## Write docs/states.md from the tables in the code
	@$(BIN)/waiting-room states > docs/states.md.new && mv docs/states.md.new docs/states.md

clean: ## Remove caches and build output; your data in var/ stays
	@rm -rf build dist htmlcov *.egg-info .coverage .coverage.* .hypothesis .schemathesis
	@rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache docs/states.md.new
	@find . -path ./$(VENV) -prune -o -path ./var -prune -o -path ./.git -prune \
	  -o -type d -name __pycache__ -print | xargs -r rm -rf

# Each stamp is newer than the pins it was installed from, so a second start installs nothing.
$(VENV)/.installed: $(PINS) | $(BIN)/python
	@echo "Installing the waiting room into $(VENV) (about a minute, once)"
	@$(INSTALL) -e . || { echo "make: the libraries could not be installed; pip says why above." >&2; exit 1; }
	@touch $@

$(VENV)/.installed-test: $(PINS) | $(BIN)/python
	@echo "Installing the waiting room and its test tools into $(VENV) (a few minutes, once)"
	@$(INSTALL) -e ".[postgres,test]" || { echo "make: the test tools could not be installed; pip says why above." >&2; exit 1; }
	@touch $(VENV)/.installed $@

# Those we are measured beside, apart from us: one of them needs other versions of our libraries.
$(PEERS)/.installed: benchmarks/peers/requirements.txt | $(BIN)/python
	@echo "Installing those we are measured beside into $(PEERS)"
	@$(BIN)/python -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $< || { \
	  echo "make: their libraries could not be installed; figures will have no peers." >&2; rm -rf $(PEERS); }
	@mkdir -p $(PEERS) && touch $@

# In each line: what is missing, and what to do about it.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found; install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make: $(PYTHON) has no venv module; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  echo "make: $(VENV) could not be made; is this folder writable?" >&2; rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  echo "make: $(PYTHON) made an environment without pip; on Debian or Ubuntu: apt-get install python3-pip" >&2; \
	  rm -rf $(VENV); exit 1; }

# The browser tests open Debian's Chromium; without it they are skipped, and this says so.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { \
	  echo "Installing Chromium for the browser tests"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu >/dev/null; }; } || \
	  echo "No Chromium: the browser tests will be skipped. To run them: sudo apt-get install chromium fonts-dejavu"
