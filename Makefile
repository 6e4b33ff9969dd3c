# `make run` opens the dashboard, `make test` tests it; both set up what they need first.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PORT ?= 8501
WORKERS ?= auto

.PHONY: run test test-all lint bench docs lock audit clean

run: $(VENV)/.ready
	$(BIN)/python -m pages serve --port $(PORT)

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder -m "not slow"

# Everything: `make test test-all` runs the quick ones once.
test-all: test $(VENV)/.engines
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m slow

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Writes docs/benchmarks.md; BENCH="--only filter --sizes 10000" does a part of it.
bench: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m tests.bench $(BENCH)

docs: $(VENV)/.ready
	$(BIN)/python -m data.dictionary

# Every package with the hash of every file, for every system and Python at once.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"

lock: $(VENV)/.ready
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) requirements-engines.in --output-file requirements-engines.txt

audit: $(VENV)/.ready
	$(BIN)/python .ci/audit.py

$(VENV)/.ready: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# What asking a warehouse needs: PySpark (with Java 17) and PostgreSQL's client. Only its tests need them.
$(VENV)/.engines: $(VENV)/.ready requirements-engines.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-engines.txt
	touch $@

clean:
	rm -rf $(VENV)
