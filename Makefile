# Every verb of the project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo invoke quick test judges judge-recordings judge-live judge-smoke judge-emulator judge-timetables deploys \
  smoke second-opinion soak reliability worlds mistakes check schema pictures lint-templates lint-workflows deny pins \
  bench bench-desired growth fuzz mutants build package packaged deploy advise

CARGO := cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
# What the simulator was asked and answered during `make test`.
RECORDED := $(TARGET)/recorded
REFEREE := .venv/referee/bin/python -B
# The stack that make deploy makes and updates; its name is the owner mark on what it buys.
STACK ?= throughput-scheduler
AWS := $(shell command -v aws)
CARGO_DENY := 0.20.2
CARGO_CYCLONEDX := 0.5.9

help: # list the verbs
	@grep -E '^[a-z-]+:.* # ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*# /  make \1\t/' | expand -t 24

demo: # play a week in Tokyo, and one across a clock change in Berlin, against a simulated AWS
	@echo "building the demo: some minutes the first time, seconds afterwards" >&2
	@$(CARGO) build --workspace --bin demo
	@$(TARGET)/debug/demo

invoke: # run the real binary on one event: make invoke EVENT=events/scale-up.json
ifdef EVENT
	@$(CARGO) build --quiet --workspace --bin bootstrap --bin invoke
	@$(TARGET)/debug/invoke $(TARGET)/debug/bootstrap $(EVENT)
else
	@echo "make invoke EVENT=…, with one of:"
	@for event in events/*.json; do echo "  $$event"; done
endif

quick: # format, lint and test what decides, in seconds: policy/ builds without the SDK
	@$(CARGO) fmt --all --check
	@$(CARGO) clippy --quiet --package policy --all-targets -- -D warnings
	@$(CARGO) test --quiet --package policy

test: .venv/referee/installed # run every test, and hold what was recorded against judges that are not ours; needs Python 3
	@rm -rf $(RECORDED) && mkdir -p $(RECORDED)
	@export SIMULATOR_RECORD=$(abspath $(RECORDED)); \
	if $(CARGO) nextest --version >/dev/null 2>&1; \
	then $(CARGO) nextest run --workspace --no-fail-fast; \
	else $(CARGO) test --workspace; fi
	@$(MAKE) --no-print-directory judges
	@rm -rf $(RECORDED)

# By AWS's models, by boto3, by moto's EventBridge Scheduler, and by a second opinion on timetables: docs/reliability.md.
# They wait most of their time: side by side.
judges: .venv/referee/installed .venv/deploys/installed .venv/aws/installed
	@$(CARGO) build --quiet --workspace --bin bootstrap --bin stage --bin timetables --bin account
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target \
	  judge-recordings judge-live judge-smoke judge-emulator judge-timetables deploys

judge-recordings:
	@$(REFEREE) tools/referee/recordings.py $(RECORDED)
judge-live:
	@$(REFEREE) tools/referee/live.py $(TARGET)/debug/stage
judge-smoke:
	@$(REFEREE) tools/smoke/rehearse.py $(TARGET)/debug/account
judge-emulator:
	@$(REFEREE) tools/referee/emulator.py $(TARGET)/debug/stage $(TARGET)/debug/bootstrap events
judge-timetables:
	@$(REFEREE) tools/second_opinion/compare.py $(TARGET)/debug/timetables --seed 1 --cases 1000

# In your own account: it says what that may cost, and asks. Without MODEL it lists those that are sold. docs/aws-facts.md has the rest.
smoke: .venv/smoke/installed # buy the smallest throughput on AWS, see what it does, delete it: make smoke MODEL=amazon.nova-lite-v1:0:24k
	@.venv/smoke/bin/python -B tools/smoke/smoke.py $(MODEL) $(if $(REGION),--region $(REGION)) $(if $(PRICE),--price $(PRICE)) \
	  $(if $(ALIAS),--alias $(ALIAS)) $(if $(YES),--yes)

# The deploy script against moto's CloudFormation: docs/reliability.md.
deploys: .venv/deploys/installed .venv/aws/installed
	@$(CARGO) build --quiet --workspace --bin bootstrap --bin stage --bin timetables --bin account
	@.venv/deploys/bin/python -B tools/first_day/deploys.py .venv/aws/bin/aws $(TARGET)/debug/bootstrap

second-opinion: .venv/referee/installed # compare timetables with a brute force in Python: make second-opinion SEED=7 CASES=20000
	@$(CARGO) build --quiet --workspace --bin timetables
	@$(REFEREE) tools/second_opinion/compare.py $(TARGET)/debug/timetables \
	  --seed $(or $(SEED),1) --cases $(or $(CASES),1000) $(if $(ONLY),--only $(ONLY))

advise: .venv/advise/installed # hold `throughput advise` against a brute force and moto's CloudWatch: make advise SEED=7 CASES=200
	@$(CARGO) build --quiet --workspace --bin throughput
	@.venv/advise/bin/python -B tools/advise/cloudwatch.py $(TARGET)/debug/throughput
	@.venv/advise/bin/python -B tools/advise/brute_force.py $(TARGET)/debug/throughput \
	  --seed $(or $(SEED),1) --cases $(or $(CASES),20)

SEED := 1
WEEKS := 2
soak: # play random weeks of everything going wrong: make soak SEED=7 WEEKS=12
	@$(CARGO) build --quiet --workspace --bin soak
	@$(TARGET)/debug/soak $(SEED) $(WEEKS)

reliability: # play every crash point and every pair of calls; `make test` plays one of ten
	@EVERY_POINT=1 $(CARGO) test --workspace --test reliability -- --show-output

worlds: # search every reachable state of small worlds: make worlds, or make worlds ONLY="a parameter"
	@$(CARGO) build --quiet --package worlds --profile worlds
	@$(TARGET)/worlds/worlds $(if $(ONLY),"$(ONLY)")

mistakes: # put each mistake of worlds/mistakes/ into a copy of the policy, and see how deep the search finds it
	@CARGO=$(CARGO) worlds/mistakes/run.sh $(ONLY)

check: lint-templates lint-workflows # formatting, lints, documentation, templates, workflows, and whether schema/ is fresh; needs Python too
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet
	for mistake in worlds/mistakes/*.patch; do git apply --recount --check $$mistake || exit 1; done
	$(CARGO) build --quiet --workspace --bin schema --bin throughput
	$(TARGET)/debug/schema --check schema
	$(TARGET)/debug/throughput check template.yaml examples/*.yaml events/*.json

schema: # write the JSON Schemas of a commitment anew
	@$(CARGO) build --quiet --workspace --bin schema
	@$(TARGET)/debug/schema schema

pictures: # write the pictures and sessions of README.md and docs/ as the program shows them; a test says when they are stale
	@WRITE_PICTURES=1 $(CARGO) test --quiet --workspace --test command --test advise pictures::
	@WRITE_PICTURES=1 $(CARGO) test --quiet --workspace --test runbook sessions:: -- --test-threads=1

# Asks nothing of the network: no look for newer releases.
lint-templates: .venv/templates/installed .venv/checkov/installed # lints of template.yaml and examples/
	.venv/templates/bin/cfn-lint template.yaml examples/*.yaml
	.venv/templates/bin/python -B tools/template.py template.yaml
	CKV_SKIP_PACKAGE_UPDATE_CHECK=True .venv/checkov/bin/checkov --framework cloudformation --skip-download \
	  --quiet --compact --file template.yaml examples/*.yaml

# Without a network, and so without what only GitHub's own answers could show (zizmor's online audits).
lint-workflows: .venv/workflows/installed # lints of .github/ and of the shell scripts
	PATH="$(CURDIR)/.venv/workflows/bin:$$PATH" .venv/workflows/bin/actionlint -no-color
	.venv/workflows/bin/zizmor --offline --quiet --no-progress --pedantic .github
	.venv/workflows/bin/shellcheck tools/*.sh .ci/run

# Advisories come from a database on the network, bans, licences and sources from deny.toml and Cargo.lock alone.
deny: .cargo-tools/cargo-deny-$(CARGO_DENY) # licences, sources and duplicates of dependencies: make deny, or make deny CHECKS=advisories
	PATH="$(CURDIR)/.cargo-tools/bin:$$PATH" $(CARGO) deny --workspace check $(or $(CHECKS),bans licenses sources)

pins: .venv/pins/installed # write the lists of Python tools with their hashes anew, from tools/*.in
	for list in tools/*.in; do .venv/pins/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate $$list -o $${list%.in}.txt || exit 1; done

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
	PATH="$(CURDIR)/.cargo-tools/bin:$$PATH" $(CARGO) mutants --package policy --output target $(if $(FILE),--re '^$(FILE):')

build: .venv/cargo-lambda/installed # make the deployable package: make build, or make build ARCHITECTURE=x86_64
	@CARGO=$(CARGO) tools/build.sh $(ARCHITECTURE)

# dist/: an archive for each architecture that a user deploys without Rust, the command for Linux, checksums, and what is in them.
package: .venv/cargo-lambda/installed .cargo-tools/cargo-cyclonedx-$(CARGO_CYCLONEDX) # make dist/, what a release consists of: make package, or make package ARCHITECTURES=x86_64
	@CARGO=$(CARGO) tools/package.sh $(or $(ARCHITECTURES),arm64 x86_64)

# After make package, with nothing of Rust on the path: docs/reliability.md.
packaged: .venv/deploys/installed .venv/aws/installed # check dist/: checksums, lists of contents, and a deployment from each archive
	@.venv/deploys/bin/python -B tools/first_day/packaged.py .venv/aws/bin/aws dist

# For the architecture that was built last, if one was. Region and credentials are the AWS CLI's; where there is none, one from PyPI is used.
deploy: .venv/cargo-lambda/installed $(if $(AWS),,.venv/aws/installed) # build, and deploy what was built: make deploy, or make deploy YES=1 PARAMETERS="MaxModelUnits=2"
	@CARGO=$(CARGO) tools/build.sh $(or $(ARCHITECTURE),$(shell cat target/lambda/architecture 2>/dev/null))
	@STACK=$(STACK) BUCKET=$(BUCKET) YES=$(YES) AWS=$(or $(AWS),$(CURDIR)/.venv/aws/bin/aws) tools/deploy.sh $(PARAMETERS)

# Tools from PyPI, each set in a virtual environment of its own, of exactly the files whose hashes tools/*.txt names; installed again
# only when a list has changed.
.venv/%/installed: tools/%.txt
	@python3 -c 'import venv, ensurepip' || { echo "Python 3 with its venv module is needed for tools/$*.txt" >&2; exit 1; }
	python3 -m venv --clear .venv/$*
	.venv/$*/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement $<
	@touch $@

# Tools from crates.io, each of the version that its name ends in.
.cargo-tools/%: version = $(lastword $(subst -, ,$*))
.cargo-tools/%:
	$(CARGO) install --quiet --locked --root .cargo-tools --version $(version) $(patsubst %-$(version),%,$*)
	@touch $@
