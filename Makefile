# make demo, make test: all that they need is Python 3.11 or newer. uv is used where it is installed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
BENCH  := .venv-bench
UV     := $(shell command -v uv 2>/dev/null)
ARGS   ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint types bench chaos toxiproxy lock clean setup

demo: setup             ## everything on this machine, on real input, until Ctrl-C; ARGS="--once --json" ends by itself
	@exec $(BIN)/throughline demo $(ARGS)

test: setup lint        ## what a release needs
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup             ## style, types, arrows of the layout, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: $(BENCH)/.ready  ## figures for docs/benchmarks.md, with other frameworks beside us; they pin other packages than we do
	$(BENCH)/bin/python -m tests.bench $(ARGS)

chaos: setup            ## attacks for an hour; ARGS="--no-sizes --only broker --gate toxiproxy"
	$(BIN)/python -m tests.chaos $(ARGS)

TOXIPROXY := github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0
toxiproxy: setup        ## build what `make chaos` then puts in front of broker and database (needs Go), and prove that it does so
	GOBIN=$(CURDIR)/.throughline/toxiproxy go install $(TOXIPROXY)
	DOORS=toxiproxy $(BIN)/python -m pytest tests/chaos/test_doors.py

setup: $(READY)

$(READY): PINNED := requirements.lock
$(BENCH)/.ready: PINNED := tests/bench/requirements.lock
$(READY): requirements.lock
$(BENCH)/.ready: tests/bench/requirements.lock
$(READY) $(BENCH)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "throughline needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Set PYTHON=python3.11 or so." >&2; exit 4; }
	@echo "setting up $(@D)" >&2
ifdef UV
	@uv venv --quiet --allow-existing --python $(PYTHON) $(@D)
	@uv pip install --quiet --python $(@D)/bin/python --require-hashes -r $(PINNED)
	@uv pip install --quiet --python $(@D)/bin/python --no-deps --editable .
else
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --require-hashes -r $(PINNED)
	@$(@D)/bin/python -m pip install --quiet --no-deps --editable .
endif
	@touch $@

LOCK := uv pip compile --quiet --universal --generate-hashes --no-header --extra local --group dev
lock:                   ## after a change of dependencies: pin all of them anew (needs uv)
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --group bench pyproject.toml -o tests/bench/requirements.lock

clean:                  ## forget the environment, the stack and its data
	-@[ -x $(BIN)/throughline ] && $(BIN)/throughline local down
	rm -rf $(VENV) $(BENCH) .throughline build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
