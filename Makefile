# Every verb of the project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo invoke test check schema bench build

CARGO := cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)

help: # list the verbs
	@grep -E '^[a-z]+:.* # ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*# /  make \1\t/' | expand -t 18

demo: # play a week in Tokyo, and one across a clock change in Berlin, against a simulated AWS
	@$(CARGO) build --quiet --package rehearsal --bin demo
	@$(TARGET)/debug/demo

invoke: # run the real binary on one event: make invoke EVENT=events/scale-up.json
ifdef EVENT
	@$(CARGO) build --quiet --workspace --bin bootstrap --bin invoke
	@$(TARGET)/debug/invoke $(TARGET)/debug/bootstrap $(EVENT)
else
	@echo "make invoke EVENT=…, with one of:"
	@for event in events/*.json; do echo "  $$event"; done
endif

test: # run every test
	@if $(CARGO) nextest --version >/dev/null 2>&1; \
	then $(CARGO) nextest run --workspace --no-fail-fast; \
	else $(CARGO) test --workspace; fi

check: # formatting, lints and documentation, with warnings as errors, and whether schema/ is fresh
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet
	$(CARGO) build --quiet --workspace --bin schema
	$(TARGET)/debug/schema --check schema

schema: # write the JSON Schemas of a commitment anew
	@$(CARGO) build --quiet --workspace --bin schema
	@$(TARGET)/debug/schema schema

bench: # measure how long a million questions to a timetable take
	$(CARGO) bench --bench desired

build: # build target/release/bootstrap, the Lambda function
	$(CARGO) build --release --bin bootstrap
