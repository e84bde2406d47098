# Carrel. Plain `make` says what can be made.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Where `make run` keeps its data, what it runs desktops on (incus or sim), and anything else for `carrel up`.
DATA ?= ./data
ENGINE ?= incus
ARGS ?=

# The Go and the Node that scripts/setup found or installed.
export GOTOOLCHAIN := auto
export NODE_EXTRA_CA_CERTS := $(shell . scripts/toolchain.sh && printf %s "$${NODE_EXTRA_CA_CERTS:-}")
export PATH := $(shell . scripts/toolchain.sh && printf %s "$$PATH")

VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# Of what go.mod says, whatever the modules of go.work together would make of it.
GO_BUILD = GOWORK=off CGO_ENABLED=0 go build -v -trimpath -buildvcs=false

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- making and running ---

setup: ## Install what this machine lacks to build and run Carrel
	@scripts/setup --for $(if $(filter sim,$(ENGINE)),sim,run)

setup-test: ## Install what the tests need as well
	@scripts/setup --for test

build: web guest ## Build bin/carrel and bin/carrel-guest
	@echo "==> Building Carrel (a minute or two the first time)"
	@$(GO_BUILD) -ldflags '-s -w -X main.version=$(VERSION)' -o bin/carrel ./cmd/carrel 2>&1 | scripts/compiled

# The guest carries no version: while its code stays the same, so do its bytes and the image that it is part of.
guest:
	@echo "==> Building the guest"
	@$(GO_BUILD) -ldflags '-s -w' -o bin/carrel-guest ./cmd/carrel-guest 2>&1 | scripts/compiled

run: setup ## Install, build, start Carrel and show a first desktop (ENGINE=sim: without Incus; DATA=folder)
	@$(MAKE) --no-print-directory build
	@exec bin/carrel up --data $(DATA) --engine $(ENGINE) $(ARGS)

image: setup ## Build the Debian XFCE desktop image into dist/ (make run does so by itself, and imports it)
	@$(MAKE) --no-print-directory build
	@images/debian-xfce/build --into dist/images

# The web is built again only when one of its sources is newer than the last build.
ifneq ($(wildcard web/package.json),)
WEB_SOURCES := $(shell find web \( -name node_modules -o -name dist -o -name test-results \) -prune -o -type f ! -name '*.go' -print)

web: web/dist/index.html
web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo "==> Building the web"
	@cd web && npm run --silent build -- --logLevel warn && touch dist/index.html
web/node_modules/.package-lock.json: web/package-lock.json
	@echo "==> Fetching the web's packages"
	@cd web && npm ci --loglevel=error --no-audit --no-fund && touch node_modules/.package-lock.json
else
web:
endif

# --- checking ---

check: web ## Build, vet, lint what changed, unit tests: what one runs before each commit
	@scripts/test check

test: setup-test ## Run everything that CI runs
	@$(MAKE) --no-print-directory build
	@scripts/test

RELEASE ?= trixie
first-run: setup-test ## Follow the README in a minimal Debian that has nothing (RELEASE=bookworm or trixie), in minutes
	@scripts/first-run $(RELEASE)

test-setup: setup-test ## Resolve what setup would install on every release, processor and purpose (minutes)
	@CARREL_TEST_APT=all go test ./scripts -run TestSetupResolves -count=1 -timeout 30m

e2e: setup-test ## Run the end-to-end tests only (SDK, browser, faults)
	@$(MAKE) --no-print-directory build
	@scripts/test e2e

FOR ?= 60s
fuzz: ## Give every fuzz target random input, for a minute each (FOR=10s: for another time)
	@scripts/fuzz $(FOR)

bench: setup ## Measure, and write docs/benchmarks.md
	@$(MAKE) --no-print-directory build
	@go run ./bench $(ARGS)

docs: ## Write the generated tables of the documentation anew
	@go test ./internal/api -run TestDocumentation -update
	@go test ./test/architecture -run TestPageIsUpToDate -update

generate: ## Write what is generated from the API's data, the overlay and the routes of portal and console anew
	@go run ./internal/api/generate
	@go test ./test/sdk -run TestGoSamples -update
	@go test ./internal/portal -run TestDescription -update
	@go test ./internal/console -run TestDescription -update
	@$(MAKE) --no-print-directory web/openapi/node_modules/.package-lock.json
	@npm --prefix web/openapi --silent run generate

# The generator of types is a package of its own: it needs another TypeScript than the web.
web/openapi/node_modules/.package-lock.json: web/openapi/package-lock.json
	@echo "==> Fetching the generator of the web's types"
	@cd web/openapi && npm ci --loglevel=error --no-audit --no-fund && touch node_modules/.package-lock.json

CALLED ?=
coverage: $(if $(CALLED),,build) ## Note which operations the tests call, in docs/coverage.md (CALLED=test/artifacts/called: as make test saw it)
	@scripts/coverage $(CALLED)

lint: web ## Run the linters
	@scripts/tool golangci-lint run ./... ./test/sdk/...

clean: ## Remove what was built; data and packages stay
	@rm -rf bin/carrel bin/carrel-guest dist web/dist test/artifacts

.PHONY: help setup setup-test test-setup build guest run image web check test first-run e2e fuzz bench docs generate coverage lint clean
