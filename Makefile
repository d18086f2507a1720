# `make` alone explains itself. Every target sets up what it needs: an active conda environment named
# liverlab (see environment.yml) is used as it is, else .venv is built from pyproject.toml and constraints.txt.
EXP ?= acgan_aug
PROFILE ?=
ARGS ?=
ifeq ($(CONDA_DEFAULT_ENV),liverlab)
PYTHON := $(CONDA_PREFIX)/bin/python
ENV :=
else
PYTHON := .venv/bin/python
ENV := .venv/complete
endif

.DEFAULT_GOAL := help
.PHONY: help env experiment report test lint format bench simulate clean

help:  ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 14
	@echo "Experiments (EXP=...):" $(filter-out profiles/%,$(patsubst experiments/%.yaml,%,$(wildcard experiments/*.yaml experiments/*/*.yaml)))

env: $(ENV)  ## Build .venv (nothing to do in the conda environment)

.venv/complete: pyproject.toml constraints.txt
	@echo "Setting up .venv (about two minutes, once) ..."
	@test -x .venv/bin/python || python3 -m venv .venv
	@.venv/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

experiment: $(ENV)  ## Run EXP, compare with its baseline, write the report; PROFILE=smoke, ARGS="folds=[0] ..."
	@$(PYTHON) -m liverlab run $(EXP) $(if $(PROFILE),profile=$(PROFILE)) $(ARGS)

report: $(ENV)  ## Write the report of a finished EXP again (same PROFILE and ARGS)
	@$(PYTHON) -m liverlab report $(EXP) $(if $(PROFILE),profile=$(PROFILE)) $(ARGS)

test: lint  ## Lint, types and all tests
	$(PYTHON) -m pytest $(ARGS)

lint: $(ENV)  ## ruff and mypy, without changing a file
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

format: $(ENV)  ## Let ruff put the code in order
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: $(ENV)  ## Time the ingest against SimpleITK; ARGS=my/manifest.csv for your own series
	@$(PYTHON) benchmarks/bench_ingest.py $(ARGS)

simulate: $(ENV)  ## How often the verdict errs on invented runs: the table of docs/statistics.md
	@$(PYTHON) -m liverlab.evaluation.simulation

clean:  ## Remove .venv and caches; runs/ and data/ stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info
