# `make` alone lists what there is. A line with two hashes describes its target.

.DEFAULT_GOAL := help
.PHONY: help serve dev build test check-deep check-rules bench package docs-sites screenshots fmt setup clean

# The port of `make serve` and `make dev`; if it is taken, the next free one is used.
PORT ?= 8080
# The path below which `make serve` shows the page, to try a sub-path.
BASE ?= /
# Stages of `make test`, such as STAGES="fmt native"; all of them by default.
STAGES ?=
# Protocols of `make check-deep` and `make check-rules`; all of them by default.
PROTOCOLS ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: build ## Install what is missing, build the release page, serve it on loopback
	@exec node scripts/serve.mjs dist --port $(PORT) --base $(BASE)

dev: setup ## The same with a quick, unoptimised build
	@scripts/build --dev
	@exec node scripts/serve.mjs target/dev-page --port $(PORT) --base $(BASE)

build: setup ## Build the release page into dist/, for any static host and any sub-path
	@scripts/build

test: ## Run every check that must pass (STAGES="fmt native" runs some of them)
	@scripts/test $(STAGES)

check-deep: ## Put every protocol through 200,000 seeds at each of four sizes (hours; SEEDS, NODES, PROTOCOLS split it)
	@scripts/check-deep $(PROTOCOLS)

check-rules: ## Break each rule of each protocol in turn, and say which seeds find it
	@scripts/check-rules $(PROTOCOLS)

bench: setup ## Measure speed, memory, frame rate and sizes
	@scripts/bench

package: build ## Write the npm package and the files for other pages to target/package/
	@scripts/package

docs-sites: package ## Build the example sites of docs/embedding/ with their tools, and step a figure in each
	@scripts/setup-tests
	@node tests/docs-sites.mjs

screenshots: build ## Take the pictures of docs/screenshots/ anew
	@scripts/setup-tests
	@node scripts/screenshots.mjs dist

fmt: ## Format the code
	@cargo fmt

setup: ## Only install what the build needs and the machine lacks
	@scripts/setup

clean: ## Remove what was built; the tools in .tools/ stay
	@cargo clean
	@rm -rf dist
