# Two commands for a fresh machine with Python 3.11 and pip: `make demo` and `make test`.
# Every target may be run again; what is already installed is not installed twice.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Byte code is written where a module is first used: compiling all of it costs time and 140 MB.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-compile
BASE_LOCK := requirements/base.txt
DEV_LOCK := requirements/dev.txt
SPARK_LOCK := requirements/spark.txt
TORCH_LOCK := requirements/torch.txt
GATEWAYS_LOCK := requirements/gateways.txt
# Not in the lock: which build fits depends on the machine.
TORCH := torch==2.13.0
# Extras are named in the locks: without them pip takes the newest release of a package that
# another asks for with an extra, and then refuses it because it has no hash.
COMPILE = $(BIN)/uv pip compile --quiet --system-certs --no-strip-extras pyproject.toml --group build
COMPILE_DEV = $(COMPILE) --group dev --group docs --group bench
# The extra stands in the same .venv as the tools, so both must agree on what they share.
COMPILE_SPARK = $(COMPILE) --extra spark --constraint $(DEV_LOCK)
COMPILE_TORCH = $(COMPILE) --group torch-rest --constraint $(DEV_LOCK)
COMPILE_GATEWAYS = $(BIN)/uv pip compile --quiet --system-certs --no-strip-extras --group gateways
# A file stays on one core, since its tests share what is dear to make; each core takes 2 GB.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile
PYTEST_ARGS ?=
# Each claim has a script of its own; the other files of bench/ are what the scripts share.
BENCHMARKS = $(shell grep -l '__main__' bench/*.py)

.DEFAULT_GOAL := help
.PHONY: help demo install spark torch gateways test coverage slow lint format types layers docs reference \
        picture bench smoke lock upgrade check-lock clean

help: ## Say what each target does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .venv/.base ## Simulate two weeks of traffic, scan it, judge the scan, write the report
	$(BIN)/phalanx demo

install: .venv/.base ## Make .venv with Phalanx and what it needs, hash-locked

spark: .venv/.spark ## Add what `--engine spark` needs to .venv (400 MB; Java 17 is needed besides)

torch: .venv/.torch ## Add torch and transformers to .venv, for marks in `generate` and their tests

gateways: .venv-gateways/.done ## Make .venv-gateways with LiteLLM and Envoy, which adapters are tested in

test: .venv/.dev ## Run the tests; what is skipped is named at the end
	$(BIN)/python -m pytest -rfEs --durations=20 --durations-min=5 $(PARALLEL) $(PYTEST_ARGS)

coverage: .venv/.dev ## Say which lines and branches no fast test reaches
	$(BIN)/python -m pytest -q --cov --cov-report=term $(PARALLEL) $(PYTEST_ARGS)

# pytest ends with 5 when no test is marked slow, which is no failure.
slow: .venv/.dev ## Run the tests that take minutes
	$(BIN)/python -m pytest -rfEs -m slow $(PYTEST_ARGS) || [ $$? -eq 5 ]

lint: .venv/.dev ## Check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: .venv/.dev ## Mend style and formatting
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: .venv/.dev ## Check types
	$(BIN)/mypy

layers: .venv/.dev ## Check that the outside depends on the inside, never the reverse
	$(BIN)/lint-imports

docs: .venv/.dev ## Build the documentation into site/
	$(BIN)/zensical build --strict

reference: .venv/.dev ## Write the pages of docs/reference/ that come from the code
	$(BIN)/python scripts/write_reference.py

picture: .venv/.base ## Take the README's picture of the report (needs Chromium)
	$(BIN)/phalanx demo
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,1500 \
	  --virtual-time-budget=8000 --screenshot=docs/images/report.png \
	  "file://$(CURDIR)/phalanx-demo/scan/report.html"

bench: .venv/.dev ## Run every benchmark in full; results go to bench/results/
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python $$script; done

smoke: .venv/.dev ## Run every benchmark on a small input
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python $$script --smoke; done

lock: .venv/.dev ## Bring the locks in line with pyproject.toml, moving as few versions as possible
	$(COMPILE) -o $(BASE_LOCK)
	$(COMPILE_DEV) -o $(DEV_LOCK)
	$(COMPILE_SPARK) -o $(SPARK_LOCK)
	$(COMPILE_TORCH) -o $(TORCH_LOCK)
	$(COMPILE_GATEWAYS) -o $(GATEWAYS_LOCK)

upgrade: .venv/.dev ## Lock the newest versions that are older than the cooldown
	$(COMPILE) --upgrade -o $(BASE_LOCK)
	$(COMPILE_DEV) --upgrade -o $(DEV_LOCK)
	$(COMPILE_SPARK) --upgrade -o $(SPARK_LOCK)
	$(COMPILE_TORCH) --upgrade -o $(TORCH_LOCK)
	$(COMPILE_GATEWAYS) --upgrade -o $(GATEWAYS_LOCK)

# The present lock is the starting point, so a release of somebody else's package changes
# nothing; only versions are compared, because files may be added to a release later.
check-lock: .venv/.dev ## Fail if the locks do not follow from pyproject.toml
	@set -e; scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	cp $(BASE_LOCK) $$scratch/base.txt; cp $(DEV_LOCK) $$scratch/dev.txt; \
	cp $(SPARK_LOCK) $$scratch/spark.txt; cp $(TORCH_LOCK) $$scratch/torch.txt; \
	cp $(GATEWAYS_LOCK) $$scratch/gateways.txt; \
	$(COMPILE) -o $$scratch/base.txt; $(COMPILE_DEV) -o $$scratch/dev.txt; \
	$(COMPILE_SPARK) -o $$scratch/spark.txt; $(COMPILE_TORCH) -o $$scratch/torch.txt; \
	$(COMPILE_GATEWAYS) -o $$scratch/gateways.txt; \
	for lock in base dev spark torch gateways; do \
	  grep '==' requirements/$$lock.txt > $$scratch/old; grep '==' $$scratch/$$lock.txt > $$scratch/new; \
	  diff $$scratch/old $$scratch/new || { echo "requirements/$$lock.txt is stale: run make lock" >&2; exit 1; }; \
	done; echo "locks are current"

clean: ## Remove what the targets made
	rm -rf .venv .venv-gateways site phalanx-demo phalanx-loop phalanx-scan phalanx-simulation .mypy_cache .pytest_cache \
	  .ruff_cache .hypothesis .import_linter_cache .coverage

# Debian ships Python without the part of venv that brings pip; then the machine's pip serves.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Phalanx needs Python 3.11 or newer; none was found" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Phalanx needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv || { rm -rf .venv && $(PYTHON) -m venv --without-pip .venv \
	  && $(PYTHON) -m pip --python .venv/bin/python install --quiet pip; }

.venv/.base: $(BASE_LOCK) pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes -r $(BASE_LOCK)
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: $(DEV_LOCK) .venv/.base
	$(PIP) --require-hashes -r $(DEV_LOCK)
	@touch $@

# Without isolation: pip would fetch the tools of the build without looking at their hashes.
.venv/.spark: $(SPARK_LOCK) .venv/.dev
	$(PIP) --require-hashes --no-build-isolation -r $(SPARK_LOCK)
	@touch $@

# torch last and without hashes; what it shares with the locks stays as it is.
.venv/.torch: $(TORCH_LOCK) .venv/.dev
	$(PIP) --require-hashes -r $(TORCH_LOCK)
	$(PIP) $(TORCH)
	@touch $@

.venv-gateways/.done: $(GATEWAYS_LOCK) | .venv/.dev
	test -x .venv-gateways/bin/python || $(BIN)/uv venv --quiet .venv-gateways
	$(BIN)/uv pip sync --quiet --system-certs --require-hashes --python .venv-gateways/bin/python $(GATEWAYS_LOCK)
	@touch $@
