PYTHON ?= python3
OUT ?= demo
BIN := .venv/bin
# One thread a process: the suite already runs one process a core.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test lint bench pictures model-data clean

demo: .venv/demo
	$(BIN)/potstill world moons --out $(OUT)/moons

test: lint
	$(BIN)/pytest -n auto

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

bench: .venv/dev
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit; done

# The drawings that the emoji model is trained on, fetched with npm.
model-data: .venv/dev
	$(BIN)/python -m training.data --folder build/emoji

# torch first and pinned, so that nothing pulls a newer one with its CUDA packages.
.venv/demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/dev: .venv/demo
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .[dev]
	touch $@

clean:
	rm -rf .venv demo .pytest_cache .ruff_cache
