# The attention course. `make` alone lists what there is.

PYTHON = python3
VENV   = .venv
PINS   =
FIRST  = notebooks/00_start_here.ipynb

python = $(VENV)/bin/python
ruff = $(VENV)/bin/ruff
biome = $(VENV)/bin/node tools/javascript/node_modules/@biomejs/biome/bin/biome
as_root = $(if $(filter 0,$(shell id -u)),--allow-root)

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1

.DEFAULT_GOAL = help
.PHONY: help setup lab update test lint format notebooks site solutions release grade class reset worksheet wheel address bench canary clean

help: ## List these targets
	@awk -F ': .*## ' '/^[a-z]+: .*## / { printf "  make %-11s%s\n", $$1, $$2 }' Makefile

setup: $(VENV)/extension ## Install the course into .venv (PYTHON=python3.12 chooses the interpreter)
	@echo 'Ready: "make lab" opens the first notebook.'

lab: $(VENV)/extension ## Open the first notebook in JupyterLab (PORT=8890 ARGS="--no-browser")
	$(python) -m jupyterlab --ServerApp.root_dir="$(CURDIR)" $(as_root) $(if $(PORT),--port=$(PORT)) $(ARGS) $(FIRST)

update: $(VENV)/ready ## Bring the newest version here, and keep all that is yours
	@$(python) -m tools.update

# Tests have a file of progress of their own, in each folder of notebooks. Dozens of processes share what Python compiles.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/ready-to-test ## Run every test: the code, the notebooks, the browser (ARGS="-k softmax")
	OMP_NUM_THREADS=1 ATTENTION_COURSE_PROGRESS=no-progress.json $(python) -m pytest $(ARGS)

lint: $(VENV)/ready-to-test ## Check the Python with ruff, the JavaScript and CSS with biome
	$(ruff) check
	$(ruff) format --check
	$(biome) check --config-path=tools/javascript helpers tools/site tools/grading

format: $(VENV)/ready-to-test ## Put every file in its format, and mend what can be mended without thinking
	$(ruff) check --fix
	$(ruff) format
	$(biome) check --write --config-path=tools/javascript helpers tools/site tools/grading

notebooks: $(VENV)/ready ## Run every notebook again and write its outputs in place
	$(python) tools/notebooks.py $(ARGS)

site: $(VENV)/ready ## Write the course as pages that need no Jupyter into build/site/ (ARGS="--out DIR notebooks/05_*.ipynb")
	$(python) -m tools.site $(ARGS)

solutions: $(VENV)/ready ## Write the notebooks with their exercises solved into notebooks/solutions/
	$(python) -m tools.solutions

release: $(VENV)/ready ## Write the notebooks without solutions, for a graded class, into build/release/ (NOTEBOOKS="02 05b")
	$(python) -m tools.grading.release $(if $(NOTEBOOKS),--notebooks $(NOTEBOOKS)) $(ARGS)

grade: $(VENV)/ready ## Grade the notebooks that learners handed in, into build/grades/ (FOLDER=handed-in NOTEBOOKS="02 05b")
	$(python) -m tools.grading.grade "$(or $(FOLDER),$(error which folder? as in: make grade FOLDER=handed-in))" $(if $(NOTEBOOKS),--notebooks $(NOTEBOOKS)) $(ARGS)

class: $(VENV)/ready ## Write a page of who solved what into build/class/, from learners' files of progress (FOLDER=progress)
	$(python) -m tools.grading.class_page "$(or $(FOLDER),$(error which folder? as in: make class FOLDER=progress))" $(ARGS)

reset: $(VENV)/ready ## Restore a notebook as it was shipped, and keep yours beside it (NOTEBOOK=05, NOTEBOOK=05b)
	$(python) tools/reset.py "$(NOTEBOOK)"

worksheet: $(VENV)/ready ## Write a sheet to fill in by hand (SEED=3 T=2 C=3)
	$(python) tools/worksheet.py $(if $(SEED),--seed=$(SEED)) $(if $(T),--T=$(T)) $(if $(C),--C=$(C)) $(ARGS)

wheel: $(VENV)/ready ## Write what is committed as one file for pip, with its notebooks, into dist/
	@rm -rf build/wheel && mkdir -p build/wheel
	git archive HEAD | tar -x -C build/wheel
	$(python) -m pip wheel --quiet --no-deps --wheel-dir=dist build/wheel

address: $(VENV)/ready ## Write the public address of the repository wherever it stands (URL=https://github.com/someone/attention)
	@$(python) -m tools.address "$(URL)"

bench: $(VENV)/ready-to-test ## Measure what the README quotes
	PYTHONPATH=. $(python) bench/slider.py $(ARGS)
	$(MAKE) site ARGS= && PYTHONPATH=. $(python) bench/site.py
	PYTHONPATH=. $(python) bench/stills.py
	PYTHONPATH=. $(python) bench/own.py
	PYTHONPATH=. $(python) bench/kernel.py
	PYTHONPATH=. $(python) bench/memory.py
	PYTHONPATH=. $(python) bench/class.py
	PYTHONPATH=. $(python) bench/endurance.py
	PYTHONPATH=. $(python) bench/train.py --text tales --C 80 --context 128 --batch 8 --steps 520 --rate 1

canary: $(VENV)/ready ## Run the tests with the newest releases that the course admits, installed into build/canary
	rm -rf build/canary build/newest
	$(python) -m tools.canary build/newest
	$(MAKE) VENV=build/canary PINS=build/newest/ build/canary/ready-to-test
	build/canary/bin/python -m tools.canary --told
	$(MAKE) VENV=build/canary PINS=build/newest/ test

clean: ## Remove the environment and all caches; notebooks stay as they are
	rm -rf $(VENV) tools/javascript/node_modules notebooks/solutions build dist *.egg-info .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

# A virtual environment is whole once it has pip: `venv` puts that in last. A Python that is asked for by name is taken.
$(VENV)/bin/pip:
	$(if $(filter file,$(origin PYTHON)),$(eval PYTHON := $(or $(shell $(PYTHON) tools/fastest_python.py),$(PYTHON))))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'The course needs Python 3.11 or newer, which "$(PYTHON)" is not here; name another one: make setup PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo '"$(PYTHON)" cannot make a virtual environment; on Debian and Ubuntu, this adds what is missing: sudo apt install python3-venv'; exit 1; }
	$(PYTHON) -m venv $(VENV)

# tools/jupyterlab.json keeps JupyterLab from asking for, or fetching, news and updates.
$(VENV)/ready: $(PINS)requirements.txt pyproject.toml tools/jupyterlab.json | $(VENV)/bin/pip
	$(python) -m pip install -r $(PINS)requirements.txt --editable .
	@mkdir -p $(VENV)/share/jupyter/lab/settings
	@cp tools/jupyterlab.json $(VENV)/share/jupyter/lab/settings/overrides.json
	@touch $@

# What JupyterLab and Notebook load of the course.
$(VENV)/extension: tools/extension.py $(wildcard helpers/live/*.*s helpers/live/reopened/*.js* helpers/diagram/*.*s helpers/explore/*.*s) $(VENV)/ready
	@$(python) -m tools.extension
	@touch $@

# Node.js comes from PyPI, as all the rest does; npm fetches the two packages of tools/javascript/package.json.
$(VENV)/ready-to-test: $(PINS)requirements-dev.txt tools/javascript/package-lock.json $(VENV)/extension
	$(python) -m pip install --quiet -r $(PINS)requirements-dev.txt
	$(VENV)/bin/npm ci --prefix tools/javascript --no-audit --no-fund
	@touch $@
