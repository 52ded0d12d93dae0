# The index of what can be done here; `make` alone prints it. Recipes are short: the work is in scripts/.
#
# PYTHON=… chooses the interpreter that .venv is made with, PYTEST_ARGS=… what is added to pytest's words, WORKERS=… how
# many tests run at once, BENCH_ARGS=… what bench is told (--help), TARGET=… and SECONDS=… what fuzz tries and how long.

PYTEST_ARGS ?=
# A third of the tests' time is waiting: half as many again as there are processors keep those busy.
WORKERS ?= $(shell n=$$(( ($$(nproc) * 3 + 1) / 2 )); echo $$(( n < 6 ? n : 6 )))
TARGET ?=
SECONDS ?= 60
BENCH_ARGS ?= --markdown docs/bench.md
# The command finds its Python beside itself; nothing that the caller's shell exports may change which one that is.
unexport PYTHONPATH PYTHONHOME MINIPOD_PYTHON

.DEFAULT_GOAL := help
.PHONY: help demo test lint fuzz dev build sanitize generate bench clean

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## install minipod into .venv, run config/demo.toml with it, then one command that leaves a process behind
	@scripts/set_up.sh build
	.venv/bin/minipod run config/demo.toml
	.venv/bin/minipod -v -w -e 3 -- sh -c 'sleep 1000 & echo "sleep is left behind: minipod ends and reaps it"; exit 3'

test:  ## install what tests need, build, run all tests
	@scripts/set_up.sh test
	.venv/bin/pytest -n $(WORKERS) $(PYTEST_ARGS)

lint:  ## check the Python files' style
	@scripts/set_up.sh test
	.venv/bin/ruff check .

fuzz:  ## look for input that breaks a parser: TARGET=request SECONDS=60; what is found goes into its corpus
	@scripts/set_up.sh test
	.venv/bin/python tests/fuzz/fuzz.py "$(TARGET)" "$(SECONDS)"

dev:  ## make .venv, or bring it up to date: minipod, the sanitized command, what tests need
	@scripts/set_up.sh test

build:  ## build the wheel, into dist/
	@scripts/set_up.sh build
	.venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist .

sanitize:  ## build the command with address and undefined-behaviour checks, build/sanitize/csrc/minipod
	@scripts/set_up.sh sanitize

generate:  ## write every generated file anew
	@scripts/generate.sh

bench:  ## measure minipod beside other inits and supervisors, into docs/bench.md; needs root
	@scripts/set_up.sh build
	bench/setup.sh
	.venv/bin/python -m bench $(BENCH_ARGS)

clean:  ## remove all that the targets above made
	rm -rf .venv build dist .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
