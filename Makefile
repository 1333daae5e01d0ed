# From a fresh clone: `make demo` or `make test`. Everything is installed below the clone, in .venv.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: demo test check system clean

demo: $(VENV)/.installed
	$(BIN)/pellucid demo --output demo-output

test: check system
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

# What tests need beside Python: Java for Spark, a browser for reports, a database server. What is missing and cannot be
# installed, its tests are skipped for, and pytest says so.
system:
	@missing=""; \
	java -version >/dev/null 2>&1 || missing="$$missing default-jre-headless"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v chromedriver >/dev/null || missing="$$missing chromium-driver"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	test -z "$$missing" || { \
	    test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing for the tests:$$missing" \
	    && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$missing >/dev/null; \
	} || echo "Some tests will be skipped. To run them, install:$$missing"
