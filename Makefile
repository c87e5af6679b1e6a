# make demo   installs what is missing, builds, and predicts the demo galaxies
# make test   the same, and runs every test

export SWIFT ?= swift
PYTHON ?= python3
OUT ?= demo-output
ARGS ?=
FORMATTED = Sources Tests Benchmarks Package.swift

.DEFAULT_GOAL := build
.PHONY: deps build demo test format lint bench bench-peers accuracy figure weights-manifest clean

deps:
	@scripts/install-packages.sh

build: deps
	@$(SWIFT) build -c release --product cai

demo: build
	@.build/release/cai demo --out $(OUT)

# All tests are Swift Testing's; its summary is the last line.
test: deps
	@$(SWIFT) build --build-tests
	@$(SWIFT) test --skip-build --disable-xctest

format:
	@$(SWIFT) format -i -p -r $(FORMATTED)

lint:
	@$(SWIFT) format lint --strict -p -r $(FORMATTED)

# Options go through ARGS: make bench ARGS="--threads 1,2 --rounds 10"
bench: deps
	@$(SWIFT) build --package-path Benchmarks -c release --product endtoend
	@Benchmarks/.build/release/endtoend $(ARGS)

bench-peers: deps
	@Benchmarks/peers/compare.sh $(ARGS)

accuracy: deps
	@$(SWIFT) build --package-path Benchmarks -c release --product accuracy
	@Benchmarks/.build/release/accuracy $(ARGS)

# The README's figure, from the predictions of `make demo`.
figure: demo
	@$(PYTHON) docs/figures/redshifts.py $(OUT)/predictions.csv docs/figures/redshifts.svg

weights-manifest:
	@$(PYTHON) weights/manifest.py

clean:
	@rm -rf .build Benchmarks/.build Benchmarks/.venv demo-output
