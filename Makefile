# One command runs the main job, one runs the tests. Both set up .venv first; nothing outside this folder is touched.
#   make          the source document's query over 1,000 virtual machines, now and 60 simulated seconds later
#   make test     all tests          make check   tests, ruff and mypy --strict
#   make clients  also the unmodified az CLI against the service (installs it into .clients: some minutes, 800 MB)
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EQUIPPED := $(VENV)/.equipped
CLIENTS := .clients

.PHONY: demo prompt test lint check clients clients-small bench clean

demo: $(READY)
	@$(BIN)/lazulite demo --vms 1000 --seed 7

prompt: $(READY)
	@$(BIN)/lazulite

# One process for each processor, a file of tests in one of them, the files in the order of their names.
test: $(EQUIPPED) $(CLIENTS)/.small
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(EQUIPPED)
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test

clients: $(EQUIPPED) $(CLIENTS)/.small $(CLIENTS)/.ready
	$(BIN)/python -m pytest tests/clients --durations=10

# Older clients of Resource Graph, and those for Node where there is one: half a minute, 120 MB.
clients-small: $(CLIENTS)/.small

$(CLIENTS)/.small: | $(EQUIPPED)
	$(BIN)/pip install --quiet --disable-pip-version-check --target $(CLIENTS)/python-8.0.0 azure-mgmt-resourcegraph==8.0.0 six
	if command -v npm >/dev/null; then for version in 4.2.1 5.0.0; do \
		npm install --silent --no-audit --no-fund --prefix $(CLIENTS)/node-$$version @azure/arm-resourcegraph@$$version || exit 1; \
	done; npm install --silent --no-audit --no-fund --prefix $(CLIENTS)/node-compute @azure/arm-compute || exit 1; fi
	@touch $(CLIENTS)/.small

$(CLIENTS)/.ready:
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check 'azure-cli>=2.60'
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check --no-deps --target $(CLIENTS)/extensions/resource-graph resource-graph
	@touch $(CLIENTS)/.ready

bench: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m bench.power_state

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Lazulite needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[cli]'
	@touch $(READY)

# What only the tests need: the service, Microsoft's clients, lint and types.
$(EQUIPPED): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[clients]'
	@touch $(EQUIPPED)

clean:
	rm -rf $(VENV) $(CLIENTS) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
