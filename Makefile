# `make run` opens the dashboard, `make test` tests it; both set up what they need first.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PORT ?= 8501
WORKERS ?= auto

.PHONY: run test test-all lint bench docs clean

run: $(VENV)/.ready
	$(BIN)/python -m streamlit run dashboard.py --server.port $(PORT)

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow"

test-all: $(VENV)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready
	$(BIN)/python -m tests.bench.bench_load
	$(BIN)/python -m tests.bench.bench_adjusted

docs: $(VENV)/.ready
	$(BIN)/python -m data.dictionary

$(VENV)/.ready: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

clean:
	rm -rf $(VENV)
