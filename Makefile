# Every verb of the project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo invoke quick test judges second-opinion soak check schema pictures lint-templates bench bench-desired growth fuzz \
  mutants build deploy

CARGO := cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
# What the simulator was asked and answered during `make test`.
RECORDED := $(TARGET)/recorded
REFEREE := .venv/referee/bin/python -B

help: # list the verbs
	@grep -E '^[a-z-]+:.* # ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*# /  make \1\t/' | expand -t 24

demo: # play a week in Tokyo, and one across a clock change in Berlin, against a simulated AWS
	@$(CARGO) build --quiet --workspace --bin demo
	@$(TARGET)/debug/demo

invoke: # run the real binary on one event: make invoke EVENT=events/scale-up.json
ifdef EVENT
	@$(CARGO) build --quiet --workspace --bin bootstrap --bin invoke
	@$(TARGET)/debug/invoke $(TARGET)/debug/bootstrap $(EVENT)
else
	@echo "make invoke EVENT=…, with one of:"
	@for event in events/*.json; do echo "  $$event"; done
endif

quick: # check format and lints of what decides, in seconds: policy/ builds without the SDK
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --quiet --package policy --all-targets -- -D warnings

test: .venv/referee/installed # run every test, and hold what was recorded against judges that are not ours; needs Python 3
	@rm -rf $(RECORDED) && mkdir -p $(RECORDED)
	@export SIMULATOR_RECORD=$(abspath $(RECORDED)); \
	if $(CARGO) nextest --version >/dev/null 2>&1; \
	then $(CARGO) nextest run --workspace --no-fail-fast; \
	else $(CARGO) test --workspace; fi
	@$(MAKE) --no-print-directory judges
	@rm -rf $(RECORDED)

# By AWS's models, by boto3, by moto's EventBridge Scheduler, and by a second opinion on timetables: docs/reliability.md.
judges: .venv/referee/installed
	@$(CARGO) build --quiet --workspace --bin bootstrap --bin stage --bin timetables
	@$(REFEREE) tools/referee/recordings.py $(RECORDED)
	@$(REFEREE) tools/referee/live.py $(TARGET)/debug/stage
	@$(REFEREE) tools/referee/emulator.py $(TARGET)/debug/stage $(TARGET)/debug/bootstrap events
	@$(REFEREE) tools/second_opinion/compare.py $(TARGET)/debug/timetables --seed 1 --cases 1000

second-opinion: .venv/referee/installed # compare timetables with a brute force in Python: make second-opinion SEED=7 CASES=20000
	@$(CARGO) build --quiet --workspace --bin timetables
	@$(REFEREE) tools/second_opinion/compare.py $(TARGET)/debug/timetables \
	  --seed $(or $(SEED),1) --cases $(or $(CASES),1000) $(if $(ONLY),--only $(ONLY))

SEED := 1
WEEKS := 2
soak: # play random weeks of everything going wrong: make soak SEED=7 WEEKS=12
	@$(CARGO) build --quiet --workspace --bin soak
	@$(TARGET)/debug/soak $(SEED) $(WEEKS)

check: lint-templates # formatting, lints, documentation, templates, and whether schema/ is fresh; needs Python too
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet
	$(CARGO) build --quiet --workspace --bin schema --bin throughput
	$(TARGET)/debug/schema --check schema
	$(TARGET)/debug/throughput check template.yaml examples/*.yaml events/*.json

schema: # write the JSON Schemas of a commitment anew
	@$(CARGO) build --quiet --workspace --bin schema
	@$(TARGET)/debug/schema schema

pictures: # write the pictures of README.md, and docs/week.svg, as the program shows them; a test says when they are stale
	@WRITE_PICTURES=1 $(CARGO) test --quiet --package cli --test command pictures::

# Asks nothing of the network: no telemetry, no account, no look for newer releases. Any Region will do, but sam wants one.
lint-templates: .venv/sam/installed .venv/checkov/installed # lints of template.yaml and examples/
	.venv/sam/bin/cfn-lint template.yaml examples/*.yaml
	.venv/sam/bin/python tools/dashboard.py template.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .venv/sam/bin/sam validate --lint --template template.yaml
	CKV_SKIP_PACKAGE_UPDATE_CHECK=True .venv/checkov/bin/checkov --framework cloudformation --skip-download \
	  --quiet --compact --file template.yaml examples/*.yaml

# Ten minutes on a quiet machine, half of them for the release build. Prints the tables of docs/performance.md; with WRITE=1 it writes
# them there.
bench: .venv/twin/installed # measure the release binary: start, ticks, memory, calls; beside a function that does nothing and a Python twin
	$(CARGO) build --quiet --release --bin bootstrap
	$(CARGO) build --quiet --release --package floor
	$(CARGO) build --quiet --profile bench --package harness
	$(TARGET)/release/bench $(TARGET)/release/bootstrap $(TARGET)/release/floor .venv/twin/bin/python \
	  $(if $(WRITE),docs/performance.md)

bench-desired: # measure how long a million questions to a timetable take
	$(CARGO) bench --bench desired

growth: # count and price a day of 1 to 1,000 commitments
	@$(CARGO) build --quiet --workspace --bin growth
	@$(TARGET)/debug/growth

# Finds are kept in target/fuzz; the corpus in the repository, which `make test` replays, is only read. Stable Rust is told to take the
# flags that fuzzing needs.
fuzz: .cargo-tools/cargo-fuzz-0.13.2 # feed hostile input to what reads it: make fuzz TARGET=event SECONDS=3600
ifeq ($(origin TARGET),command line)
	@mkdir -p target/fuzz/$(TARGET)
	PATH="$(CURDIR)/.cargo-tools/bin:$$PATH" RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --sanitizer none $(TARGET) target/fuzz/$(TARGET) \
	  fuzz/corpus/$(TARGET) -- -dict=fuzz/dictionary.txt -max_total_time=$(or $(SECONDS),60) -max_len=8192 -timeout=20 \
	  -rss_limit_mb=2048 -print_final_stats=1
else
	@echo "make fuzz TARGET=… SECONDS=…, with one of:"
	@for target in fuzz/fuzz_targets/*.rs; do echo "  $$(basename $$target .rs)"; done
endif

mutants: .cargo-tools/cargo-mutants-27.1.0 # break the decisions one by one and see that a test notices: make mutants FILE=policy/src/guardrails.rs
	PATH="$(CURDIR)/.cargo-tools/bin:$$PATH" $(CARGO) mutants --output target $(if $(FILE),--re '^$(FILE):')

build: .venv/cargo-lambda/installed # make the deployable package: make build, or make build ARCHITECTURE=x86_64
	@CARGO=$(CARGO) tools/build.sh $(ARCHITECTURE)

deploy: build .venv/sam/installed # build, and deploy what was built; asks for the settings
	SAM_CLI_TELEMETRY=0 .venv/sam/bin/sam deploy --guided --template-file template.yaml --capabilities CAPABILITY_IAM \
	  --parameter-overrides Architecture=$$(cat target/lambda/architecture)

# Tools from PyPI, each set in a virtual environment of its own; installed again only when what is pinned has changed.
.venv/%/installed: tools/%.txt
	@python3 -c 'import venv, ensurepip' || { echo "Python 3 with its venv module is needed for tools/$*.txt" >&2; exit 1; }
	python3 -m venv --clear .venv/$*
	.venv/$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Tools from crates.io, each of the version that its name ends in.
.cargo-tools/cargo-fuzz-% .cargo-tools/cargo-mutants-%: tool = $(patsubst %-$*,%,$(notdir $@))
.cargo-tools/cargo-fuzz-% .cargo-tools/cargo-mutants-%:
	$(CARGO) install --quiet --locked --root .cargo-tools --version $* $(tool)
	@touch $@
