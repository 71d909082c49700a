# Two commands matter: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLI := $(BIN)/eval-pipeline
READY := $(VENV)/.ready
DAYS ?= 14
PORT ?= 3000
REVIEW_PORT ?= 3001
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install run dev review test test-all check format docs bench bench-redaction bench-signals bench-evaluators bench-judges \
  bench-injection bench-replies bench-review bench-statistics bench-error-analysis calibration-account up down clean

help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY) ## Set up .venv from the pinned constraints

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[ui,dev]'
	@touch $@

run: $(READY) ## Run the nightly job over 14 simulated days (or SESSIONS=path) and print the report
	@$(CLI) up
ifdef SESSIONS
	@$(CLI) ingest "$(SESSIONS)" $(if $(FORMAT),--format "$(FORMAT)") $(if $(MAPPING),--mapping "$(MAPPING)")
	@$(CLI) run nightly_evaluation
else
	@$(CLI) simulate --days $(DAYS)
	@$(CLI) run nightly_evaluation
	@$(CLI) simulate --reviews
	@$(CLI) run refresh_labels
endif
	@$(CLI) report

dev: $(READY) ## Serve Dagster's UI (PORT=3000) and the review app (REVIEW_PORT=3001) on loopback
	@$(CLI) dev --port $(PORT) --review-port $(REVIEW_PORT)

review: $(READY) ## Serve the review app alone on loopback (REVIEW_PORT=3001)
	@$(CLI) review --port $(REVIEW_PORT)

test: $(READY) ## Run the tests, but for the slow ones (WORKERS=2 processes)
	@$(PYTEST) -m "not slow"

test-all: $(READY) ## Run all tests, with whole runs that are killed and days that come late
	@$(PYTEST)

check: $(READY) ## Format, lint, types, floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/mypy catalog/evaluators.py docs/build.py
	@$(BIN)/lint-imports

format: $(READY) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(READY) ## Make docs/data-dictionary.md and docs/asset-graph.svg anew
	@$(BIN)/python docs/build.py

bench: $(READY) ## Measure the nightly job at 10,000 and 100,000 simulated sessions, and the signals at up to 200,000
	@$(BIN)/python benchmarks/bench_nightly.py
	@$(BIN)/python benchmarks/bench_signals_speed.py

bench-redaction: $(READY) ## Recall and speed of redaction beside presidio (DATA=labelled.jsonl)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@$(BIN)/python benchmarks/bench_redaction.py $(if $(DATA),--data "$(DATA)")

bench-signals: $(READY) ## Measure the signals on the simulation and on labelled files (DATA="a.jsonl b.jsonl")
	@$(BIN)/python -m benchmarks.bench_signals $(if $(DATA),--data $(DATA)) $(if $(METRIC),--metric $(METRIC))

bench-evaluators: $(READY) ## Checks a second of the evaluators beside four other frameworks (installs them apart)
	@$(BIN)/python -m benchmarks.bench_evaluators

bench-judges: $(READY) ## Judges beside a bare client loop: time, CPU, memory, faults
	@$(BIN)/python -m benchmarks.bench_judges

bench-injection: $(READY) ## Attacks on the judges (DATA="a.jsonl" counts contested sessions of files without attacks)
	@$(BIN)/python -m benchmarks.bench_injection $(if $(DATA),--data $(DATA))

bench-replies: $(READY) ## What the parser makes of recorded replies of judges (DATA=file.jsonl)
	@$(BIN)/python -m benchmarks.bench_replies $(DATA)

bench-review: $(READY) ## The review app: server time and weight of its pages, and from a submit to the next session
	@$(BIN)/python -m benchmarks.bench_review

bench-statistics: $(READY) ## Coverage of every interval that is printed, false promotions, and speed (REPLICATES=1000)
	@$(BIN)/python -m benchmarks.bench_statistics $(if $(REPLICATES),--replicates $(REPLICATES))

bench-error-analysis: $(READY) ## A planted failure mode is proposed, and nothing where nothing is planted (10 seeds each)
	@$(BIN)/python -m benchmarks.bench_error_analysis

calibration-account: $(READY) ## Judges promoted, refused and found out on simulated traffic; writes docs/calibration-account.md
	@$(BIN)/python -m benchmarks.calibration_account

up: $(READY) ## Start the database
	@$(CLI) up

down: ## Stop the embedded database
	@$(CLI) down

clean: ## Stop the database and delete the virtual environment and all data
	@test ! -x $(CLI) || $(CLI) down --delete
	@rm -rf $(VENV) .eval_pipeline
