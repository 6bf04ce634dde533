# What each target does is in README.md; the work is done by the package `commands`.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 /usr/bin/python3; do \
	"$$python" -c "import sys; sys.exit(sys.version_info < (3, 9))" >/dev/null 2>&1 && echo "$$python" && break; done)
endif
ifeq ($(PYTHON),)
$(error Python 3.9 or later is needed to begin with. Install it, on Debian or Ubuntu: apt-get install python3 python3-venv)
endif

.DEFAULT_GOAL := run
.PHONY: run test test-all check bench messages screenshots lock clean

run test test-all check bench messages screenshots lock:
	@exec "$(PYTHON)" -m commands.bootstrap $@

# Takes away what the commands installed; the data in var/ stays.
clean:
	rm -rf .venv .tools node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
