# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
OUT    ?= out/demo
PORT   ?= 8000

.DEFAULT_GOAL := help
.PHONY: help run demo test lint format bench migration clean

help: ## show the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("需要 Python 3.11 或更新版本；当前是 %s" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# The stamps re-install when the declared dependencies change, and only then.
$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[train,dev]'
	@if $(PIP) download --quiet --no-index --no-deps --dest $(VENV)/wheels torch==2.13.0 >/dev/null 2>&1; then \
	  $(PIP) install --quiet torch==2.13.0 && \
	  $(PIP) install --quiet --constraint constraints.txt --editable '.[neural-train]'; \
	else \
	  echo '没有本地的 CPU 版 torch：神经模型的训练测试会跳过，其余照常运行。'; \
	fi
	@touch $@ $(VENV)/.run

run: $(VENV)/.run ## set up, start the service with the scored samples, print where to click and the password
	$(BIN)/qa-engine serve --port $(PORT) --samples data/samples

demo: $(VENV)/.run ## set up, score the samples without the service, write HTML reports
	$(BIN)/qa-engine demo --samples data/samples --out $(OUT)

test: $(VENV)/.test lint ## everything CI checks: lint, types, import contracts, tests
	$(BIN)/python -m pytest -n 2 --dist loadscope

lint: $(VENV)/.test ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.test ## speed and memory beside the alternatives (minutes)
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/memory.py

migration: $(VENV)/.test ## draft the next revision of the database from the tables: make migration M="what changes"
	$(BIN)/python -m qa_engine.store.migrations.draft "$(M)"
	$(BIN)/ruff check --quiet --fix qa_engine/store/migrations
	$(BIN)/ruff format --quiet qa_engine/store/migrations

clean: ## remove what was built
	rm -rf $(VENV) out build *.egg-info .mypy_cache .ruff_cache .pytest_cache
