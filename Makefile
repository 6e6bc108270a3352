# Two commands do it all on a fresh machine: `make run` and `make test`. `make help` lists the rest.
# The build itself is CMake (CMakePresets.json); this file only names what people do.

.DEFAULT_GOAL := help
.PHONY: help run build test test-unit test-flow test-tsan lint fuzz clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /    make \1\t/p' Makefile | expand -t 24

run: build ## build, then run the gateway with a mock upstream until ctrl-C
	@exec build/sluice demo

build: ## install what is missing, build the release programs in build/
	@deploy/install-deps.sh build
	@cmake --preset release --log-level=NOTICE
	@cmake --build build

test: ## every test under sanitizers; ends with "N passed, N failed"
	@tests/run.sh unit tsan flow

test-unit: ## only the unit tests
	@tests/run.sh unit

test-flow: ## only the tests that drive the real programs
	@tests/run.sh flow

test-tsan: ## only the unit tests with threads, under ThreadSanitizer
	@tests/run.sh tsan

lint: ## clang-format and clang-tidy over every C file
	@tests/lint.sh

fuzz: ## run every fuzz target for FUZZ_SECONDS (20)
	@tests/fuzz.sh

clean: ## remove everything that was built
	@rm -rf build build-asan build-tsan build-fuzz build-lint
