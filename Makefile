# Needs Python >= 3.11, make and git. Everything else is fetched into .tools/ and .venv/, nothing elsewhere.

PORT ?= 8000
DATA ?= var
AS ?=
URL ?=
TESTS ?=
FAULTS_KILLS ?= 200
FAULTS_SEED ?= random

UV_VERSION := 0.13.9
# Without this uv would fetch an interpreter of its own when it likes none that it finds.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

ALLIANCE := .venv/bin/alliance
PYTEST := .venv/bin/python -m pytest
# Two files at a time: half of their time they wait for servers.
BESIDE := --numprocesses=2 --dist=loadfile

# Asked only when something has to be set up. A name on the PATH may be a shim that runs nothing: each is tried.
PYTHON = $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11)); ' 2>/dev/null \
	&& $$name -c 'import sys; print(sys.executable)' && break; done)

.DEFAULT_GOAL := help
COMPOSE := docker compose --file deploy/compose/compose.yaml

.PHONY: help run run-kafka compose-secrets compose-up compose-down compose-test demo token test test-faults lint format bench setup setup-kafka setup-all
.DELETE_ON_ERROR:

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

# `exec`: the program is make's own child, so that a signal reaches it and make waits until it has ended.
run: setup ## run all four services and PostgreSQL here (PORT=8000 DATA=var)
	@exec $(ALLIANCE) run --port '$(PORT)' --data '$(DATA)'

run-kafka: setup-kafka ## run PostgreSQL, a Kafka broker and each service in a process of its own (PORT=8000 DATA=var)
	@exec $(ALLIANCE) run-kafka --port '$(PORT)' --data '$(DATA)'

compose-secrets: setup ## make the secrets that containers are given, once, in deploy/compose/var
	@$(ALLIANCE) secrets --data deploy/compose/var

compose-up: compose-secrets ## build the image and run everything in containers (deploy/compose/.env)
	@$(COMPOSE) up --build --wait

compose-down: ## stop the containers; volumes and secrets stay
	@$(COMPOSE) down

compose-test: setup-all ## run everything in containers of the test's own, and hold it against what is promised
	@$(PYTEST) --maxfail 1 tests/e2e/test_compose.py

# Where nothing else is said, the data folder tells where the four services are, or they are together on PORT.
demo: setup ## play the demonstration against the running product (PORT=8000 or URL=, DATA=var)
	@exec $(ALLIANCE) demo $(if $(URL),--url '$(URL)',--port '$(PORT)') --data '$(DATA)'

token: setup ## print an access token for a person (AS=alice DATA=var)
	@test -n '$(AS)' || { echo 'Say for whom: make token AS=alice' >&2; exit 1; }
	@exec $(ALLIANCE) token '$(AS)' --data '$(DATA)'

test: setup-all ## pass the tests, quick ones first, on a real PostgreSQL and a real Kafka (TESTS=path for some)
ifeq ($(TESTS),)
	@$(PYTEST) tests/unit
	@$(PYTEST) $(BESIDE) tests --ignore=tests/unit
else
	@$(PYTEST) $(TESTS)
endif

# The seed is printed: given again, the same befalls the same pieces.
test-faults: setup-all ## kill, stop, cut and delay the pieces under load (FAULTS_KILLS=200 FAULTS_SEED=any)
	@FAULTS_KILLS='$(FAULTS_KILLS)' FAULTS_SEED='$(FAULTS_SEED)' $(PYTEST) tests/faults

lint: setup-all ## check style, types, boundaries and the committed documents
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(ALLIANCE) documents --check

format: setup-all ## put the code into its form
	@.venv/bin/ruff check --fix
	@.venv/bin/ruff format

bench: setup-all ## measure speed and memory, as ratios in one run
	@.venv/bin/python -m bench

setup: .venv/.ready-to-run
setup-kafka: .venv/.ready-to-run-kafka
setup-all: .venv/.ready-to-test .tools/debian/.ready

# What a broker here (a Java runtime) and the tests need beside is left to stamps of their own: `make run` starts
# sooner without.
.venv/.ready-to-run: uv.lock pyproject.toml
	@$(call sync,--no-dev --inexact)
	@touch $@

.venv/.ready-to-run-kafka: uv.lock pyproject.toml
	@$(call sync,--no-dev --group broker --inexact)
	@touch .venv/.ready-to-run $@

.venv/.ready-to-test: uv.lock pyproject.toml
	@$(call sync)
	@touch .venv/.ready-to-run .venv/.ready-to-run-kafka $@

# Other people's programs, against which tests hold journals and pages: unpacked here and not installed, which takes
# no rights. Where a Debian's package is not to be had, the tests look on the PATH and say aloud what is absent.
.tools/debian/.ready:
	@$(fetch_programs)

PROGRAMS := hledger ledger chromium-headless-shell

define fetch_programs
set -e; cd '$(CURDIR)'; into='$(CURDIR)/.tools/debian'; rm -rf "$$into"; \
if ! apt-get --version >/dev/null 2>&1; then \
	echo 'No apt-get is here: tests use $(PROGRAMS) as the PATH has them.'; \
	mkdir -p "$$into"; touch $@; exit; \
fi; \
echo 'Fetching $(PROGRAMS) into .tools/debian'; \
mkdir -p "$$into/lists/partial" "$$into/cache/archives/partial" "$$into/bin"; \
apt="apt-get -qq -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Debug::NoLocking=1 -o Dir::State::lists=$$into/lists -o Dir::Cache=$$into/cache"; \
$$apt update >"$$into/said" 2>&1 || true; \
all=true; \
for program in $(PROGRAMS); do \
	$$apt -y --no-install-recommends --download-only install "$$program" >>"$$into/said" 2>&1 \
	|| { all=false; echo "No package of $$program is to be had: .tools/debian/said" >&2; }; \
done; \
for package in "$$into"/cache/archives/*.deb; do [ ! -e "$$package" ] || dpkg-deb -x "$$package" "$$into"; done; \
libraries="$$(find "$$into/usr" -name '*.so*' -exec dirname {} + 2>/dev/null | sort -u | paste -sd: -)"; \
for program in $(PROGRAMS); do \
	for there in "$$into/usr/bin/$$program" "$$into/usr/lib/chromium/$$program"; do \
		if [ -x "$$there" ]; then \
			printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$$@"\n' "$$libraries" "$$there" >"$$into/bin/$$program"; \
			chmod +x "$$into/bin/$$program"; \
		fi; \
	done; \
done; \
rm -rf "$$into/lists" "$$into/cache"; \
if $$all || [ -n "$$(ls "$$into/bin")" ]; then touch $@; fi
endef

# A uv that is too old to read the lock counts as none.
define sync
set -e; python='$(PYTHON)'; \
if [ -z "$$python" ]; then echo 'No Python 3.11 or newer is on the PATH: install one first.' >&2; exit 1; fi; \
uv=uv; \
if ! uv --version >/dev/null 2>&1 || ! uv export --frozen --offline --quiet --output-file /dev/null 2>/dev/null; then \
	uv=.tools/uv/bin/uv; \
	if ! .tools/uv/bin/uv --version 2>/dev/null | grep -qF 'uv $(UV_VERSION) '; then \
		echo 'Fetching uv $(UV_VERSION) into .tools/'; rm -rf .tools/uv; \
		"$$python" -m venv .tools/uv >/dev/null 2>&1 \
		|| { rm -rf .tools/uv; echo 'Python cannot make an environment: install its venv module first (Debian, Ubuntu: apt install python3-venv).' >&2; exit 1; }; \
		.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)'; \
	fi; \
fi; \
"$$uv" sync --frozen --quiet --python "$$python" $(1)
endef
