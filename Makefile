# make compose GENRE=metal   a song in out/            make test    everything CI checks, installs what it needs
# make run                   the band in your chats    make check   the same checks, without the Node parts
#
# ARGS passes options on:       make compose GENRE=punk ARGS="--bars 16 --tempo 190"
# TORCH_INDEX picks the wheels: make compose TORCH_INDEX=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
GENRE ?= metal
ARGS ?=
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
# Stamps: a second run starts at once, a changed requirement installs again.
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
NODE := tests/node/node_modules/.stamp

.PHONY: compose run bench bench-gpu test check format node clean
.DELETE_ON_ERROR:

compose: $(RUNTIME)
	@$(BIN)/lnh compose "$(GENRE)" $(ARGS)

run: $(RUNTIME)
	@$(BIN)/lnh run $(ARGS)

bench: $(RUNTIME)
	@$(BIN)/lnh bench $(ARGS)

# Whether a CUDA card writes what the processor writes, and how fast; says so in one sentence where there is no card.
bench-gpu: $(RUNTIME)
	@$(BIN)/lnh bench gpu $(ARGS)

test: node check

check: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest $(ARGS)

format: $(DEVELOPMENT)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

# The fakes of Slack run on Node; without it their tests are skipped, and nobody should overlook that.
node:
	@if command -v npm >/dev/null 2>&1; then \
	  $(MAKE) --no-print-directory $(NODE); \
	else \
	  echo "*** Node.js is not installed: the Slack tests that need it are SKIPPED. ***" >&2; \
	fi

$(NODE): tests/node/package-lock.json
	npm ci --prefix tests/node --no-audit --no-fund
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "LnH needs Python 3.11 or newer as $(PYTHON); name another with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch goes first and alone: whatever comes after it finds it there and cannot pull another one.
$(RUNTIME): pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing the pinned packages into $(VENV) (once; torch is the large one) ..." >&2
	$(BIN)/python -m pip install $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' constraints.txt)"
	$(PIP) --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(PIP) --editable ".[dev]"
	@touch $@
