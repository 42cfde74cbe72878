# The commands of the house. Two are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: demo test check bench clean

demo: .venv/core  ## the main job, offline, on the shipped examples
	$(BIN)/rejoinder run examples/chats.jsonl --output demo-run
	@echo "Open demo-run/report/report.html in a browser."

test: .venv/test  ## all tests, with real trainers and a real browser
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

check: .venv/dev  ## lint, format, types, the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev  ## every performance claim, measured here and now (about 40 minutes)
	$(PIP) --group bench
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv demo-run build dist

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(PIP) --editable .
	@touch $@

.venv/dev: .venv/core
	$(PIP) --group dev
	@touch $@

.venv/test: .venv/dev
	$(PIP) --group trainers
	$(PIP) --editable '.[local]' && $(PIP) --no-deps --group local-model \
	  || echo "No llama.cpp server for this platform: the tests with a real model server will be skipped."
	@command -v chromium >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
	  && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	  || echo "No chromium and no right to install it: the browser tests will be skipped."
	@touch $@
