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
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow"

# Everything: `make test test-all` runs the quick ones once.
test-all: test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m slow

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready
	$(BIN)/python -m tests.bench.bench_load
	$(BIN)/python -m tests.bench.bench_adjusted

docs: $(VENV)/.ready
	$(BIN)/python -m data.dictionary

# Every package with the hash of every file, for every system and Python at once.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"

lock: $(VENV)/.ready
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt

audit: $(VENV)/.ready
	$(BIN)/python .ci/audit.py

$(VENV)/.ready: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

clean:
	rm -rf $(VENV)
