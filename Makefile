# Two commands do all the set-up: `make demo` and `make test`. Both make their own .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test lint clean

$(VENV)/.installed: pyproject.toml requirements.lock
	@echo "── 1/2  making $(VENV) (a few minutes on a slow line)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable . 
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "── 2/2  installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[test]'
	@command -v npm > /dev/null || echo "   without npm: what editors, code hosts and BPMN modellers say is left out of the tests"
	@! command -v npm > /dev/null || for parts in tests/analysis/bpmn tests/editor; do \
	    npm ci --silent --no-audit --no-fund --ignore-scripts --prefix $$parts \
	      || echo "   $$parts could not be installed: its tests are left out"; done
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/passerelle demo

lint: $(VENV)/.installed-test
	@echo "── ruff";          $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "── mypy";          $(BIN)/mypy
	@echo "── import-linter"; $(BIN)/lint-imports --no-cache

test: lint
	@echo "── pytest"; $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
