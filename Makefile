# The two commands of the README: `make demo` and `make test`. Every target fetches what it needs.

CARGO ?= cargo
BINARIES = -p vocd -p vocd-plugin-host -p vocd-source-csv -p vocd-source-formbricks \
	-p vocd-source-pipedrive -p vocd-source-zendesk
# What the figures are measured with besides.
BENCH_PLUGINS = -p vocd-source-bare -p vocd-source-fetch -p vocd-source-pushed

.PHONY: help demo build test soak bench audit libduckdb

help:
	@echo 'make demo       build the daemon and its plugins, start the demo, print its addresses'
	@echo 'make test       everything CI runs'
	@echo 'make soak       the tests that chance decides, for a long time'
	@echo 'make build      release build of the daemon and its plugins, into target/release'
	@echo 'make bench      measure the figures that the README quotes'
	@echo 'make audit      look for published advisories against the dependencies'
	@echo 'make libduckdb  fetch the pinned library of DuckDB (every other target does)'

libduckdb:
	@packaging/libduckdb.sh >/dev/null

build:
	@features=$$(packaging/libduckdb.sh) && $(CARGO) build --release $(BINARIES) $$features

demo: build
	@target/release/vocd demo $(DEMO_FLAGS)

test:
	@tests/run.sh

soak:
	@tests/soak.sh

bench:
	@features=$$(packaging/libduckdb.sh) && $(CARGO) build --release $(BINARIES) $(BENCH_PLUGINS) $$features
	@$(CARGO) run --release -p vocd-tests --bin vocd-bench -- $(BENCH_FLAGS)

audit:
	@packaging/audit.sh
