# Every command of the project. Bare `make` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PORT ?= 8080
ARCH ?= arm64
# Recursive on purpose: the interpreter is looked for only when the virtual environment is made.
PYTHON ?= $(shell tools/newest-python)
BIN := .venv/bin
READY := .venv/ready
CHECKOV := .checkov/ready
CLIENTS := .clients/ready
CONFORMANCE := tests/conformance/node_modules/.ready
BROWSER := tests/browser/node_modules/.ready
# Recursive as well: only what has it as a prerequisite looks for npm.
NPM = $(shell command -v npm)
# There is a browser for this platform alone; elsewhere its tests are skipped, and nothing is fetched for them.
HAS_BROWSER = $(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m))

.PHONY: help setup run test check checkov conformance browser format docs lock build bench clean
.PHONY: plan deploy output idle-cost smoke admin rollback destroy bootstrap rehearse mcp-digests

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environment from the lock

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

$(READY): requirements-dev.txt requirements-emulator.txt
	@test -n "$(PYTHON)"
	@test ! -L .venv || { echo ".venv is a link: clearing it would empty the folder it names. Remove the link, then run make setup." >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv
	$(PIP) -r requirements-dev.txt
	$(PIP) --no-deps -r requirements-emulator.txt
	@touch $@

# Of its own, because checkov pins versions that fight ours, boto3's among them.
$(CHECKOV): requirements-checkov.txt
	@test -n "$(PYTHON)"
	"$(PYTHON)" -m venv --clear .checkov
	.checkov/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-checkov.txt
	@touch $@

# Of its own as well: what others test OpenAI clients with wants an older OpenAI SDK than ours, and pytest plugins.
$(CLIENTS): requirements-clients.txt
	@test -n "$(PYTHON)"
	"$(PYTHON)" -m venv --clear .clients
	.clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-clients.txt
	@touch $@

# The official MCP conformance suite and the TypeScript SDKs, with the Node they want.
$(CONFORMANCE): tests/conformance/package.json tests/conformance/package-lock.json
	@test -n "$(NPM)" || { echo "There is no npm here: install Node.js, which brings it." >&2; exit 1; }
	"$(NPM)" ci --prefix tests/conformance --silent --no-audit --no-fund --no-update-notifier
	@touch $@

# Headless Chromium, with the libraries and the font it needs: 70 MB to fetch, and no system package. Its package wants a
# newer Node.js than some systems have: the pinned one of the conformance suite unpacks it.
$(BROWSER): $(CONFORMANCE) tests/browser/package.json tests/browser/package-lock.json tests/browser/unpack.mjs
	@test -n "$(NPM)" || { echo "There is no npm here: install Node.js, which brings it." >&2; exit 1; }
	"$(NPM)" ci --prefix tests/browser --silent --no-audit --no-fund --no-update-notifier
	tests/conformance/node_modules/.bin/node tests/browser/unpack.mjs
	@touch $@

run: $(READY) ## Run the whole system here; PORT=8080 STATE=folder BEDROCK=aws OPENAI_UPSTREAM=url OPENAI_UPSTREAM_KEY=key PROVIDERS=file.json MCP_SERVERS=file.json RATES=json MCP_SIGN_IN=off
	@PORT="$(PORT)" exec $(BIN)/python -m local

test: check ## Everything CI runs

check: $(READY) $(CLIENTS) $(if $(NPM),$(CONFORMANCE) $(if $(HAS_BROWSER),$(BROWSER))) checkov ## Format, lint, types and all tests; leaves the tree unchanged
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

conformance: $(READY) $(CLIENTS) $(CONFORMANCE) ## The official MCP conformance suite and SDKs through the gateway; needs npm
	$(BIN)/pytest --quiet tests/e2e/test_mcp_conformance.py tests/e2e/test_mcp_sdks.py tests/e2e/test_mcp_client.py

browser: $(READY) $(BROWSER) ## The consent page in a real browser; needs npm
	$(BIN)/pytest --quiet tests/e2e/consent

checkov: $(CHECKOV) ## Look for insecure settings in terraform/; a skip stands beside its resource, with its reason
	.checkov/bin/checkov --quiet

smoke: $(READY) ## Check a deployed environment with real clients; BASE_URL= KEY= ADMIN_TOKEN= ACCESS_TOKEN= SHA= MODEL= SLOW=1
	@$(BIN)/python -m pytest --quiet --tb=short -p no:cacheprovider tests/smoke

format: $(READY) ## Rewrite the sources in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY) ## Write the generated pages again: docs/compatibility.md, docs/cli.md
	PYTHONPATH=.:shared $(BIN)/python -m tools.compatibility
	PYTHONPATH=.:cli $(BIN)/python -m tools.cli_reference

lock: $(READY) ## Resolve the dependencies again: uv.lock, and the files plain pip reads
	$(BIN)/uv lock --upgrade --python $(BIN)/python
	$(BIN)/python -m tools.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --output-file requirements-checkov.txt requirements-checkov.in
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --output-file requirements-clients.txt requirements-clients.in

build: $(READY) ## dist/: the layer and the services for Lambda; ARCH=arm64 or x86_64
	$(BIN)/python -m tools.build --arch $(ARCH)

OPS = exec $(BIN)/python -m tools.ops

plan: $(READY) ## Show what deploy would change; ENV=dev
	@$(OPS) plan --env "$(ENV)"

deploy: $(READY) ## Build what is outdated and apply; ENV=dev AUTO_APPROVE=1 ALLOW_DIRTY=1
	@$(OPS) deploy --env "$(ENV)"

output: $(READY) ## Print an environment's address and ids; ENV=dev JSON=1 NAME=base_url
	@$(OPS) output --env "$(ENV)" $(if $(JSON),--json) --name "$(NAME)"

admin: $(READY) ## Make the first administrator, print shell lines; ENV=dev EMAIL=you@example.com GROUP=admins
	@$(OPS) admin --env "$(ENV)" --email "$(EMAIL)" $(if $(GROUP),--group "$(GROUP)")

idle-cost: $(READY) ## What ENV=dev costs while idle, and why; options as TF_VAR_*, JSON=1 for scripts; needs no account
	@$(OPS) idle-cost --env "$(ENV)" $(if $(JSON),--json)

rollback: $(READY) ## Move back to an earlier release; ENV=dev VERSION=0.1.0 or a commit; no VERSION lists them
	@$(OPS) rollback --env "$(ENV)" --version "$(VERSION)"

destroy: $(READY) ## Remove an environment; ENV=dev AUTO_APPROVE=1
	@$(OPS) destroy --env "$(ENV)"

bootstrap: $(READY) ## Once per account and Region, before the rest; REGION=us-east-1 GITHUB=owner@id/name@id ENVIRONMENTS=dev,prod MCP_TARGETS=arn,arn
	@$(OPS) bootstrap --region "$(REGION)" --github "$(GITHUB)" --environments "$(ENVIRONMENTS)" --mcp-targets "$(MCP_TARGETS)"

mcp-digests: $(READY) ## What a declared MCP server's tools say, and the digests that approve them; ENV=dev REGION=us-east-1 SERVER=name
	@PYTHONPATH=.:shared POWERTOOLS_SERVICE_NAME=mcp POWERTOOLS_LOG_LEVEL=CRITICAL $(BIN)/python -m services.mcp.upstream --env "$(ENV)" --region "$(REGION)" --server "$(SERVER)"

rehearse: $(READY) ## Deploy here with the real Terraform and AWS provider, chat, destroy; needs no account
	@exec $(BIN)/python -m tools.rehearsal

bench: $(READY) ## Measure against boto3 in one run, and against the budgets; writes benchmarks/latest.json
	$(BIN)/python -m benchmarks

clean: ## Remove what can be made again
	rm -rf tests/conformance/node_modules tests/browser/node_modules
	rm -rf .venv .checkov .clients .local build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
