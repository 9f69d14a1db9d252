# Two commands for everybody: `make demo` and `make test`. They need Python 3.11 or newer, pip, git and make; all else goes to .build.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
TOOLS := tests/tools

# The first Python 3.11 or newer on PATH that answers; the tools look for the others themselves.
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.15 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
endif
# Nothing is written beside the sources, nor beside the interpreter.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.build/cache/pycache
export ARGS

.PHONY: help demo bench mutate test test-quick test-all test-unit chaos clean python

help: ## list the targets (this)
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-17s %s\n' "$$name" "$$text"; done

demo: python ## see a rollout planned, applied and applied again, against the simulator
	@"$(PYTHON)" $(TOOLS)/demo_venv.py $(TOOLS)/demo.py

bench: python ## what the modules cost beside bare scripts: ratios in one run (ARGS='--rounds 3 devices'); about 15 minutes
	@"$(PYTHON)" $(TOOLS)/demo_venv.py tests/bench/bench.py $(ARGS)

mutate: python ## do the tests bite? mutation testing of what plans and writes, by file (ARGS='_plan/plan'); half an hour for all
	@"$(PYTHON)" $(TOOLS)/mutate.py $(ARGS)

test: python ## everything: linters, types, unit, sanity, integration, the built tarball (RUN='words of step names' for some)
	@"$(PYTHON)" $(TOOLS)/suite.py test $(RUN)

test-quick: python ## linters, types and unit tests, for daily work
	@"$(PYTHON)" $(TOOLS)/suite.py quick

test-unit: python ## unit tests alone: ARGS='tests/unit/test_architecture.py -k impure'
	@"$(PYTHON)" $(TOOLS)/suite.py quick 'unit tests'

test-all: python ## everything, on every supported ansible-core
	@"$(PYTHON)" $(TOOLS)/suite.py all $(RUN)

chaos: python ## random runs under faults, new ones each time (CHAOS=5000: so many; SEED=7: those again; SCHEDULE=FILE: one)
	@CHAOS="$(CHAOS)" CHAOS_SEED="$(SEED)" CHAOS_SCHEDULE="$(SCHEDULE)" "$(PYTHON)" $(TOOLS)/suite.py chaos

clean: ## remove everything that was made
	rm -rf .build

python:
	@test -n "$(PYTHON)" || { echo 'No Python 3.11 or newer on PATH. Name one: make PYTHON=/path/to/python3 ...' >&2; exit 1; }
