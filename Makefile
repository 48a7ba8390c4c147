PYTHON ?= python3
OUT ?= demo
BIN := .venv/bin

.PHONY: demo test lint audit fuzz bench lecture notebooks notebooks-check pictures model-data model-card gallery clean

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
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit; done

# Run the code of the lecture, write what it prints into its pages, and bring the Korean pages up to date.
lecture: .venv/dev
	$(BIN)/python -m notebooks.snippets

# Write the notebooks from the pages of the lecture and the sources beside them; the check runs them and writes nothing.
notebooks: .venv/dev
	$(BIN)/python -m notebooks.build

notebooks-check: .venv/dev
	$(BIN)/python -m notebooks.build --check

# Draw the pictures of the documentation.
pictures: .venv/demo
	$(MAKE) demo OUT=docs/pictures
	for world in blobs rings spirals grid views; do $(BIN)/potstill world $$world --out docs/pictures/$$world --overwrite || exit; done
	$(BIN)/potstill world views --guidance-scale 1 --out docs/pictures/views-guidance-1 --overwrite
	$(BIN)/potstill world toys --out docs/pictures/toys --overwrite
	$(BIN)/potstill world toys --task edit --out docs/pictures/toys-edit --overwrite
	$(BIN)/potstill generate "red teapot" --scene gaussians --out docs/pictures/scene/red.ply --overwrite
	$(BIN)/potstill edit docs/pictures/scene/red.ply --source "red teapot" --target "blue teapot" \
	  --out docs/pictures/scene/blue.ply --overwrite
	$(BIN)/potstill compare docs/pictures/scene/red.ply --source "red teapot" --target "blue teapot" \
	  --out docs/pictures/scene-compare --overwrite
	$(BIN)/python benchmarks/toys.py --out docs/3d.json --picture docs/pictures/toys-views.png
	$(BIN)/potstill theorem --out docs/pictures --overwrite
	$(BIN)/potstill compare docs/pictures/heart.png --source "fluent red heart" --target "fluent blue heart" \
	  --out docs/pictures/compare --overwrite
	for example in examples/*.py; do $(BIN)/python $$example || exit; done

# Download the training drawings of the emoji model with npm.
model-data: build/emoji/icons.safetensors

build/emoji/icons.safetensors: training/concepts.txt training/fixed_colours.txt training/recolour.py | .venv/dev
	$(BIN)/python -m training.data --folder build/emoji

# Update the numbers and pictures of docs/emoji-model.md from the weights in src/potstill/priors/emoji.
model-card: .venv/dev build/emoji/icons.safetensors
	mkdir -p docs/pictures/emoji
	$(BIN)/python -m training.picture fluent/red-heart --out docs/pictures/heart.png
	$(BIN)/python -m training.sheet --out docs/pictures/emoji/sheet.png
	$(BIN)/potstill sample "red apple on a blue background" --out docs/pictures/emoji/apple.png --overwrite
	$(BIN)/potstill sample "fluent hamburger" "noto octopus on a turquoise background" \
	  "smiling face with sunglasses on a blue background" "fluent thumbs up dark skin" \
	  "red heart on a yellow background" "small moon at the top on a black background" \
	  "fluent red apple to the left of a green car" \
	  --out docs/pictures/emoji/seeds.png --overwrite
	$(BIN)/python -m training.curve
	-$(BIN)/python benchmarks/emoji_model.py --out docs/emoji-model.json
	$(BIN)/python -m training.card

# Draw the pictures of docs/gallery.md: every method on three worlds and five edits.
gallery: .venv/dev build/emoji/icons.safetensors
	$(BIN)/python -m training.gallery

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
