# make demo   installs what is missing, builds, and predicts the demo galaxies
# make test   the same, and runs every test

export SWIFT ?= swift
PYTHON ?= python3
OUT ?= demo-output
# x86_64, arm64, or all for an image of both; empty for this machine's.
ARCH ?=
IMAGE ?= .build/image/cai$(if $(ARCH),-$(ARCH)).tar
# Cross-built only where it is not this machine's.
CROSS = $(if $(filter x86_64,$(shell uname -m)),$(if $(filter arm64 all,$(ARCH)),arm64))
# build, unless something is made for another machine alone.
OWN = $(if $(CROSS),$(if $(filter all,$(ARCH)),build),build)
# One set of flags for every product, so that they share their objects. Debug information, which `swift build -c release`
# adds, makes compilation slower, and Valgrind before 3.22 stops at it.
RELEASE = $(SWIFT) build -c release -debug-info-format none --product
PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=
BENCHMARKS = accuracy autoencoder elementary endtoend instructions kernels scaling
KERNEL_ARGS ?=
CLOUD_ARGS ?=
FORMATS_ARGS ?=
PYTHON_ARGS ?=
ARM64_ARGS ?=
FORMATTED = Sources Examples Python Tests Benchmarks Fuzzing Package.swift

.DEFAULT_GOAL := build
.PHONY: deps build build-tests build-benchmarks demo example test test-endurance test-packages test-cloud \
	test-formats test-pages test-slurm test-python test-home check-python wheel format lint bench bench-peers \
	bench-scaling bench-s3 bench-start accuracy elementary figure weights-manifest bench-lambda sweep soak clean \
	kernel-contracts kernel-contracts-emulated kernel-bits golden-bits golden-bits-emulated golden-bits-write \
	instruction-count image image-test arm64 arm64-test dist install uninstall fuzz fuzz-regression sanitize

deps:
	@scripts/install-packages.sh

build: deps
	@$(RELEASE) cai

# Installs the program, the demo's weights and galaxies, completions and the manual page.
install: build
	@CAI=.build/release/cai scripts/install.sh "$(DESTDIR)$(PREFIX)"

# What is installed, weights included, as .build/cai-VERSION-linux-ARCH.tar.gz: make dist ARCH=arm64
dist: build $(CROSS)
	@ARCH="$(ARCH)" scripts/dist.sh

uninstall:
	@scripts/install.sh --remove "$(DESTDIR)$(PREFIX)"

demo: build
	@.build/release/cai demo -o $(OUT)

# Runs Examples/predict.swift on the demo's weights and galaxies.
example: deps
	@$(RELEASE) predict >&2
	@.build/release/predict weights/astromae-demo.safetensors weights/demo-galaxies.pt

# The time of each part is printed before the last line, Swift Testing's summary. Long tests run in a short form.
test: build test-packages
	@Tests/run.py

# The long tests in their full form: 200 kills, 1,050 partitions, 4 GB of cutouts.
test-endurance: build test-packages
	@Tests/run.py --endurance

# The tests in Swift, without running them, and the program that they start.
build-tests: build
	@$(RELEASE) caiPackageTests

# Every program of Benchmarks/, without running it.
build-benchmarks: deps
	@for program in $(BENCHMARKS); do $(RELEASE) $$program || exit; done

test-packages:
	@scripts/install-packages.sh --python
	@scripts/install-packages.sh --formats
	@scripts/install-packages.sh --pages
	@scripts/install-packages.sh --engines
	@scripts/install-packages.sh --shells

# The fan-out against real servers on loopback: S3, Lambda's emulator, Step Functions. Options of pytest go through
# CLOUD_ARGS: make test-cloud CLOUD_ARGS="-k faults"
test-cloud: build
	@scripts/install-packages.sh --python
	@scripts/install-packages.sh --engines
	@Tests/Cloud/run.sh $(CLOUD_ARGS)

# deploy/slurm on a private Slurm on this machine, as root. Not part of `make test`.
test-slurm: build
	@scripts/install-packages.sh --slurm
	@Tests/Slurm/run.sh .build/release/cai

# FITS, HDF5 and NumPy files against astropy, h5py and NumPy. FORMATS_ARGS has options for pytest.
test-formats: build
	@scripts/install-packages.sh --python
	@scripts/install-packages.sh --formats
	@Tests/Formats/run.sh $(FORMATS_ARGS)

# The Python package with the shared library and the command line: Python/dist/astrocai-*.whl; make wheel ARCH=arm64. The
# library is built with the flags of the command line, so that both have the same objects.
wheel: $(OWN) $(CROSS)
	@$(if $(OWN),$(RELEASE) astrocai && $(PYTHON) Python/wheel.py,:)
	@$(if $(CROSS),$(ARM64_WHEEL),:)

ARM64_WHEEL = $(PYTHON) Python/wheel.py --release .build-arm64 --machine aarch64

# The wheel in an environment with NumPy alone. Options of pytest go through PYTHON_ARGS: make test-python PYTHON_ARGS="-k fork"
test-python: wheel
	@scripts/install-packages.sh --python
	@Python/tests/run.sh $(PYTHON_ARGS)

# The package beside those of others, in an environment with them (650 MB): qp, RAIL, Dask, pyarrow, astropy, and the
# notebook. Not part of `make test`.
test-home: wheel
	@scripts/install-packages.sh --python
	@Python/home/run.sh $(PYTHON_ARGS)

# Types by mypy, and the wheel's platform by auditwheel.
check-python: wheel
	@scripts/install-packages.sh --python
	@Python/tests/check.sh

# Every parser of external data under libFuzzer, FUZZ_SECONDS each (60): make fuzz TARGETS="zip pickle"
fuzz: deps
	@Fuzzing/run.sh $(TARGETS)

# The committed corpus, and two seconds of each target.
fuzz-regression: deps
	@FUZZ_SECONDS=2 Fuzzing/run.sh $(TARGETS)

# The C kernels' contracts, with $(CC) only; emulated: those of unavailable instruction sets.
kernel-contracts:
	@CC="$(CC)" scripts/kernel-contracts.sh

kernel-contracts-emulated:
	@CC="$(CC)" scripts/kernel-contracts.sh --emulated

# Writes Tests/KernelContracts/golden-bits.txt, after an intended change of the kernels' arithmetic.
kernel-bits:
	@CC="$(CC)" scripts/kernel-contracts.sh --write-bits

# The demo galaxies' redshifts, features and reconstructions against weights/golden-bits.json, on every instruction set
# that this machine can run; emulated: AVX-512 in the whole program, by SIMDe.
golden-bits: build
	@scripts/golden-bits.py $(ARGS)

golden-bits-emulated: build
	@CC="$(CC)" scripts/emulate-avx512.sh .build/cai-avx512
	@[ ! -e .build/cai-avx512 ] || scripts/golden-bits.py --cai .build/cai-avx512 $(ARGS)

# Writes weights/golden-bits.json and Tests/KernelContracts/golden-bits.txt, after an intended change of arithmetic.
golden-bits-write: build kernel-bits
	@scripts/golden-bits.py --write

# Tests and kernels under the undefined-behaviour, address and thread sanitizers: make sanitize ARGS=thread for one of
# them, TARGETS=TensorFilesTests for one folder of tests.
sanitize: deps
	@scripts/sanitize.sh $(ARGS)

format:
	@$(SWIFT) format -i -p -r $(FORMATTED)

lint:
	@$(SWIFT) format lint --strict -p -r $(FORMATTED)

# Options of endtoend go through ARGS, those of kernels and autoencoder through KERNEL_ARGS and AUTOENCODER_ARGS:
# make bench KERNEL_ARGS="--only gemm --openblas" ARGS="--threads 1,2 --rounds 10"
bench: deps
	@$(RELEASE) kernels
	@$(RELEASE) endtoend
	@$(RELEASE) autoencoder
	@.build/release/kernels $(KERNEL_ARGS)
	@.build/release/endtoend $(ARGS)
	@.build/release/autoencoder $(AUTOENCODER_ARGS)

elementary: deps
	@$(RELEASE) elementary
	@.build/release/elementary $(ARGS)

# ONNX Runtime and OpenVINO; PyTorch too: make bench-peers ARGS=--with-torch
bench-peers: deps
	@Benchmarks/peers/compare.sh $(ARGS)

# The time beside the forward pass by the number of threads, and the rate of each form of file: about two minutes, with
# 0.5 GB of files in .build/scaling. make bench-scaling ARGS="--threads 1,192"
bench-scaling: deps
	@scripts/install-packages.sh --python
	@scripts/install-packages.sh --formats
	@Tests/Python/environment.sh
	@Tests/.venv/bin/python Benchmarks/scaling/inputs.py .build/scaling
	@$(RELEASE) scaling
	@.build/release/scaling .build/scaling $(ARGS)

# A worker in Lambda's emulator: start, overhead, and computing while a partition is fetched.
bench-lambda: build
	@scripts/install-packages.sh --python
	@Benchmarks/lambda/start.sh $(ARGS)
	@$(PYTHON) Benchmarks/lambda/overlap.py

# Objects from a compiled server on loopback, against curl. Options go through ARGS: make bench-s3 ARGS="--rounds 5"
bench-s3: build
	@scripts/install-packages.sh --tls
	@$(PYTHON) Benchmarks/s3/bench.py $(ARGS)

# Start of `cai infer` and its memory by the form of the weights; ARGS may name further files of weights.
bench-start: build
	@$(PYTHON) Benchmarks/startup/bench.py $(ARGS)

# Time against data size, batch size, partition size and threads on this machine, about 41 minutes, with tables and
# figures: make sweep ARGS=--dry-run prints the plan. Sizes are variables: RUNS=1 SIZES=50MB,100MB LARGE= make sweep
sweep: build
	@scripts/sweep.sh $(ARGS)

# One process for an hour: memory, descriptors, threads and the rate have to be constant. Figure, readings and machine
# are written to soak-output, or to ARGS="--out docs/results/soak-NAME".
SOAK_SECONDS ?= 3600
soak: build
	@$(PYTHON) -m unittest discover --quiet --start-directory Benchmarks/soak
	@$(PYTHON) Benchmarks/soak/soak.py --seconds $(SOAK_SECONDS) $(ARGS)

accuracy: deps
	@$(RELEASE) accuracy
	@.build/release/accuracy $(ARGS)

# Instructions of one call, compared with Benchmarks/instructions.json; ARGS=--update writes it.
instruction-count: deps
	@$(RELEASE) instructions
	@Benchmarks/count-instructions.sh $(ARGS)

# The README's figures, from the output of `make demo` and `cai demo --mae`.
figure: demo
	@.build/release/cai report $(OUT)/predictions.csv -o $(OUT)/report.html --figures $(OUT)/figures --quiet
	@cp $(OUT)/figures/redshifts.svg $(OUT)/figures/residuals.svg docs/figures/
	@.build/release/cai demo --mae -o $(OUT)/mae
	@$(PYTHON) docs/figures/reconstructions.py $(OUT)/mae/reconstructed.html docs/figures/reconstructions.png

# Validates the program's pages and figures by HTML Tidy.
test-pages: build
	@scripts/install-packages.sh --pages
	@Tests/Pages/run.sh

# The container image of the Lambda functions, and the same run under chroot: make image WEIGHTS=astromae.pt; for
# Graviton, ARCH=arm64; ARCH=all is an index of both.
image: build $(CROSS)
	@scripts/install-packages.sh --image
	@WEIGHTS="$(WEIGHTS)" ARCH="$(ARCH)" deploy/build-image.sh $(IMAGE)

image-test: image
	@ARCH="$(ARCH)" deploy/test-image.sh $(IMAGE)

# The program and the shared library for 64-bit ARM from a machine for x86-64, as root: .build-arm64/cai, and
# .build-arm64/run under QEMU.
arm64: deps
	@scripts/arm64-build.sh

# Their outputs under QEMU, and those of the wheel, against the golden bits and this machine's program. ARM64_ARGS has options
# for pytest.
arm64-test: build arm64
	@$(ARM64_WHEEL)
	@scripts/install-packages.sh --python
	@Python/tests/check.sh Python/dist/astrocai-*_aarch64.whl
	@scripts/install-packages.sh --formats
	@scripts/install-packages.sh --arm64
	@Tests/Arm64/run.sh $(ARM64_ARGS)

weights-manifest:
	@$(PYTHON) weights/manifest.py

clean:
	@rm -rf .build .build-arm64 Python/.venv* Python/dist Fuzzing/.build Fuzzing/.corpus \
		Benchmarks/.venv Tests/.venv demo-output
