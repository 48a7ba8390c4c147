PYTHON ?= python3
OUT ?= demo
BIN := .venv/bin

.PHONY: demo test lint audit fuzz bench docs docs-serve figures-check lecture notebooks notebooks-check pictures model-data toys-data model-card gallery wheel-check clean

demo: .venv/demo
	$(BIN)/potstill world moons --out $(OUT)/moons --overwrite

# One process per core, so one thread per process.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff check --select F821 benchmarks examples fuzz
	$(BIN)/ruff format --check
	$(BIN)/pyright

# Check the installed packages for known vulnerabilities; this needs the network. The vulnerability service does not know
# the version of torch's CPU build, 2.13.0+cpu, so everything after the plus is removed from the list.
audit: .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .[audit]
	mkdir -p build
	$(BIN)/pip list --disable-pip-version-check --format=freeze --exclude-editable | sed 's/+.*//' > build/installed.txt
	@$(BIN)/pip-audit --progress-spinner=off --disable-pip --no-deps -r build/installed.txt > build/audit.txt 2>&1; code=$$?; \
	unknown=$$(grep -c "could not be audited" build/audit.txt); cat build/audit.txt; \
	if grep -q "ServiceError\|ConnectionError" build/audit.txt || [ $$((2 * unknown)) -gt $$(wc -l < build/installed.txt) ]; then \
	echo "make audit: the vulnerability service does not answer from here, so nothing was checked: run it with a network"; exit 2; fi; \
	exit $$code

# Fuzz the readers of files; more thorough with atheris installed (see fuzz/readers.py).
fuzz: .venv/dev
	OMP_NUM_THREADS=1 $(BIN)/python fuzz/readers.py --runs 20000

bench: .venv/dev build/emoji/icons.safetensors
	for script in benchmarks/*.py; do $(BIN)/python -m benchmarks.$$(basename $$script .py) || exit; done

# Run the code of the lecture, write what it prints into its pages, and bring the Korean pages up to date.
lecture: .venv/dev
	$(BIN)/python -m notebooks.snippets

# Write the notebooks from the pages of the lecture and the sources beside them; the check runs them and writes nothing.
notebooks: .venv/dev
	$(BIN)/python -m notebooks.build

notebooks-check: .venv/dev
	$(BIN)/python -m notebooks.build --check

# Build the site into build/site: no warning, no dead link, no request to another host. The first time it takes KaTeX from
# npm. `make docs-serve` shows it.
docs: .venv/dev
	$(BIN)/python -m documentation.build

docs-serve: .venv/dev
	$(BIN)/python -m documentation.build --serve 8000

# Name the figures and numbers of the documentation that are out of date; `make pictures` draws those that take minutes.
figures-check: .venv/dev
	@$(BIN)/python -m documentation.figures check

pictures: .venv/dev
	$(BIN)/python -m documentation.figures draw

# Download the training drawings of the emoji model with npm.
model-data: build/emoji/icons.safetensors

# Render the training pictures of the model of toys, which takes an hour.
toys-data: .venv/dev
	$(BIN)/python -m training.toys.pictures --folder build/toys --shards 13

build/emoji/icons.safetensors: training/concepts.txt training/fixed_colours.txt training/recolour.py | .venv/dev
	$(BIN)/python -m training.data --folder build/emoji

# Draw the figures that take hours and the drawings of `make model-data`: the model card, every method on worlds and edits.
model-card gallery: .venv/dev build/emoji/icons.safetensors
	$(BIN)/python -m documentation.figures draw $@

# Build the wheel, install it with pip alone into a bare environment, and run it there.
wheel-check: .venv/dev
	$(BIN)/python -m documentation.wheel

# Install torch first and pinned, so that no other package installs a newer torch with its CUDA packages.
.venv/demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/dev: .venv/demo
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .[dev]
	touch $@

# Also what the suite can do without, but then skips the tests of: Ray.
.venv/all: .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .[dev,cluster]
	touch $@

clean:
	rm -rf .venv demo .pytest_cache .ruff_cache
