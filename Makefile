# From a fresh clone: `make demo` or `make test`. Everything is installed below the clone, in .venv.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: demo test check java clean

demo: $(VENV)/.installed
	$(BIN)/pellucid demo --output demo-output

test: check java
	$(BIN)/pytest -n 2

check: $(VENV)/.installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) demo-output dist

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) .
	@touch $@

$(VENV)/.installed-for-tests: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[test]'
	@touch $@ $(VENV)/.installed

# The first interpreter that runs, is 3.11 or newer and can make environments.
$(BIN)/python:
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
	    if $$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "$$python -m venv $(VENV)"; \
	        exec $$python -m venv $(VENV); \
	    fi; \
	done; \
	echo "Pellucid needs Python 3.11 or newer with its venv module, and found none as: $(or $(PYTHON),python3 python3.13 python3.12 python3.11)." >&2; \
	echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make $(or $(MAKECMDGOALS),demo) PYTHON=/path/to/python3.11" >&2; \
	exit 1

# Spark runs on Java. Where it is missing and cannot be installed, the Spark tests are skipped and pytest says so.
java:
	@java -version >/dev/null 2>&1 || { \
	    test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing Java for the Spark tests" \
	    && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends default-jre-headless >/dev/null; \
	} || echo "No Java: the Spark tests will be skipped. To run them, install Java 17 or newer (apt-get install default-jre-headless)."
