# One recipe a job. Every target does its own set-up: Python 3.11 or later and make are enough.
SHELL := /bin/sh
VENV  := .venv
# What `make torture` runs, and for how long each campaign; without SECONDS, until it has tried everything.
TORTURE ?= tests
SECONDS ?=
BIN   := $(VENV)/bin
# Compiled modules are kept, whatever the machine's habit: a run of the tests starts hundreds of processes.
export PYTHONDONTWRITEBYTECODE =
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

# What `make check` runs: one name, one tool.
CHECKS := check-format check-lint check-types check-imports check-workflows

.PHONY: help quickstart test programs check $(CHECKS) lowest torture bench format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "regsync needs Python 3.11 or later; none was found on the PATH" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "installing regsync into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/developing: $(VENV)/installed
	@echo "installing what the tests need into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

quickstart: $(VENV)/installed ## Seed a registry, plan, apply, plan again
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/quickstart/run.sh

test: $(VENV)/developing programs ## Run the tests
	$(BIN)/python -m pytest -n auto --dist worksteal

programs: $(VENV)/developing # What tests need beside Python, installed where that asks for no password
	@$(BIN)/python -m tests.needing

check: $(VENV)/developing ## Format, lint, types, import rules, workflows, side by side
	@$(MAKE) --no-print-directory --keep-going -j $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) $(CHECKS)

check-format:
	$(BIN)/ruff format --check .

check-lint:
	$(BIN)/ruff check .

check-types:
	$(BIN)/mypy

check-imports:
	$(BIN)/lint-imports

check-workflows:
	$(BIN)/zizmor --offline --no-progress --quiet action.yml .github examples/github/*.yml

$(VENV)/fuzzing: $(VENV)/developing
	@echo "installing the fuzzer into $(VENV), where there is one for this Python"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	@touch $@

torture: $(VENV)/fuzzing programs ## What is exhaustive or long: small worlds whole, faults, kills, fuzzing (SECONDS=10: of each campaign)
	REGSYNC_TORTURE=1 REGSYNC_CAMPAIGN_SECONDS=$(SECONDS) \
		$(BIN)/python -m pytest -m 'torture or share' -n auto --dist worksteal -rP $(TORTURE)

# What `pyproject.toml` promises: it works with the lowest releases that it admits. The tests are those that lean on a library.
LOWEST := $(VENV)/lowest
lowest: $(VENV)/developing ## The quickstart, and tests of what libraries do, with their lowest releases
	@echo "installing the lowest releases that pyproject.toml admits into $(LOWEST)"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	@$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --editable '.[server]'
	@$(BIN)/uv pip freeze --quiet --python $(LOWEST)/bin/python --exclude-editable > $(LOWEST)/constraints.txt
	@$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --constraint $(LOWEST)/constraints.txt \
		pytest pytest-xdist hypothesis jsonschema cmarkgfm
	@cat $(LOWEST)/constraints.txt
	@PATH="$(CURDIR)/$(LOWEST)/bin:$$PATH" examples/quickstart/run.sh
	$(LOWEST)/bin/python -m pytest tests/manifest/reading tests/planning/test_metadata.py tests/views/test_html.py \
		tests/local/server/test_access.py tests/local/server/test_documents.py tests/backends/wandb/test_command.py

# Without FULL, some minutes. COMPARE='FILE' compares a saved table with the newest one, COMPARE='FILE FILE' two with each other.
# ONLY='planning peers promoting serving limits': some of it. SIZES='1000': bindings. SAVE=FILE: where to.
FULL ?=
COMPARE ?=
ONLY ?=
SIZES ?=
SAVE ?=
bench: $(VENV)/developing ## Measure regsync and its peers side by side, as a table (FULL=1: half an hour; COMPARE=FILE)
	$(BIN)/python -m benchmarks $(SIZES) $(if $(FULL),--full) $(foreach part,$(ONLY),--only $(part)) \
		$(if $(SAVE),--save $(SAVE)) $(if $(COMPARE),--compare $(COMPARE))

format: $(VENV)/developing ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what the targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
