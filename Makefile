# `make help` lists what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/bash
CARGO ?= cargo
INPUT ?=
ARGS ?=
SCHEDULES ?= 20
EXAMPLES ?= 100
SEED ?= 1

.PHONY: help deps page run build test lint fuzz-api bench bench-api chaos kafka clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install what is missing (Debian or Ubuntu)
	deploy/install.sh

page: frontend/dist/index.html ## Build the dashboard that the program embeds

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund
	touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(shell find frontend/src frontend/index.html frontend/public frontend/vite.config.ts -type f 2>/dev/null)
	cd frontend && npm run build

build: page ## Build the program, optimised: target/release/streampulse
	$(CARGO) build --release --locked -p streampulse

run: ## The whole product on this machine, live; INPUT=FILE shows a real access log, ARGS="…" goes to the demo
	deploy/install.sh run
	$(MAKE) build
	target/release/streampulse demo $(if $(INPUT),--input '$(INPUT)') $(ARGS)

test: deps page ## All tests: unit, property, real PostgreSQL, real Kafka, real Chromium, and 20 schedules of faults
	cd frontend && npm run types:check && npm test && npm run e2e:mock
	$(CARGO) test --workspace --locked
	$(CARGO) build --locked -p streampulse -p streampulse-chaos
	target/debug/chaos --known
	target/debug/chaos --schedules 20 --seed 1

lint: page ## Formatting, clippy, the page's linter, the Compose file, whether the chaos harness's sabotages still fit
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	cd frontend && npm run lint
	deploy/check-compose.sh
	for sabotage in chaos/sabotage/*.patch; do git apply --check "$$sabotage" || exit 1; done
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --all-features check bans licenses sources; \
		else echo 'cargo-deny is not installed: licences and bans were not checked'; fi

fuzz-api: page ## Requests made up from the API's own description, against a real server; EXAMPLES=100 SEED=1
	deploy/install.sh fuzz
	$(CARGO) build --locked -p streampulse
	api/fuzz.sh $(EXAMPLES) $(SEED)

bench: page ## Speed, cost and latency on this machine, against a bare reader and Kafka Streams; ARGS="…" goes to the bench
	$(CARGO) build --release --locked -p streampulse -p streampulse-bench
	target/release/bench $(ARGS)

bench-api: page ## Requests, listeners and memory of the API on this machine; ARGS="…" goes to the bench
	deploy/install.sh bench
	$(CARGO) build --release --locked -p streampulse -p streampulse-bench
	target/release/bench api $(ARGS)

kafka: ## A real Apache Kafka on port 9092, until Ctrl-C
	$(CARGO) run --locked --quiet -- kafka $(ARGS)

chaos: page ## Faults against real processors, tables compared with the truth; SCHEDULES=20 SEED=1
	$(CARGO) build --locked -p streampulse
	$(CARGO) run --locked -p streampulse-chaos -- --schedules $(SCHEDULES) --seed $(SEED)

clean: ## Remove what was built
	$(CARGO) clean
	rm -rf frontend/dist frontend/node_modules
