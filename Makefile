# Everything a person needs: `make demo` and `make test`. Wants Python 3.11 or newer, and nothing else.

PYTHON ?= python3
PORT ?= 8700
WORKERS ?= 4
TESTS ?= tests

# uv from PATH, or one of our own in .tools: the machine itself is left alone.
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
RUN = .venv/bin/

export UV_PROJECT_ENVIRONMENT = $(CURDIR)/.venv
export UV_FROZEN = 1
export UV_NO_PROGRESS = 1
# The tests start Python hundreds of times: without compiled modules each start takes three times as long.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check pages bench eval lock wheel clean

help:
	@echo 'make demo    try everything in the browser, without any account (PORT=$(PORT))'
	@echo 'make test    run all tests (TESTS=tests/fsm for some of them)'
	@echo 'make check   what CI asks of the code: format, lint, types, generated pages'
	@echo 'make pages   write the generated pages anew'
	@echo 'make bench   measure, and compare with the bars'
	@echo 'make eval    ask your own model what the assistant would (ENDPOINT=… MODEL=…)'
	@echo 'make lock    write uv.lock anew'
	@echo 'make wheel   build the wheel and try it in a clean environment'

.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'PhoneWork needs Python 3.11 or newer; name it with PYTHON=/path/to/python3.' >&2; exit 1; }
	@$(PYTHON) -m venv .tools || \
	  { echo 'This Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv.' >&2; exit 1; }
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

# Stamps, so that a second run starts at once. --inexact: what `make test` added stays when the demo is run.
.venv/.runs: pyproject.toml uv.lock | $(filter .tools/bin/uv,$(UV))
	$(UV) sync --quiet --inexact
	@touch $@

.venv/.tests: pyproject.toml uv.lock | $(filter .tools/bin/uv,$(UV))
	$(UV) sync --quiet --inexact --all-extras --group dev
	@touch $@ .venv/.runs

demo: .venv/.runs
	@exec $(RUN)phonework demo --port $(PORT) $(DEMO_FLAGS)

test: .venv/.tests
	$(RUN)pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(TESTS)

check: .venv/.tests
	@failed=; for each in 'ruff format --check .' 'ruff check .' 'mypy' 'python scripts/pages.py --check'; do \
	  echo "$$each"; $(RUN)$$each || failed="$$failed [$$each]"; \
	done; [ -z "$$failed" ] || { echo "not in order:$$failed" >&2; exit 1; }

pages: .venv/.tests
	$(RUN)python scripts/pages.py

bench: .venv/.tests
	$(RUN)python -m benchmarks
	PHONEWORK_KILLS=500 $(RUN)pytest -n 0 --timeout 3000 tests/acceptance/test_kill.py

eval: .venv/.tests
	@[ -n "$(ENDPOINT)" ] && [ -n "$(MODEL)" ] || { echo 'make eval ENDPOINT=http://127.0.0.1:11434/v1 MODEL=qwen3' >&2; exit 2; }
	$(RUN)python -m evaluation --endpoint "$(ENDPOINT)" --model "$(MODEL)"

lock:
	env -u UV_FROZEN $(UV) lock

wheel: .venv/.tests
	scripts/try_wheel.sh $(UV)

clean:
	rm -rf .venv .tools dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
