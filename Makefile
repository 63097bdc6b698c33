# The front door. Meson has the build rules; this file only knows which commands belong together.
# `make help` lists them.

BUILD ?= build
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local
MESON_ARGS ?=

.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build
.PHONY: build demo demo-credit demo-support test bench fuzz lint format sanitize coverage ct install clean help

# Meson looks at PKG_CONFIG_PATH when it configures; the path matters only where OpenSSL is private.
configure = prefix=$$(./setup --print-openssl-prefix) && \
    PKG_CONFIG_PATH="$${prefix:+$$prefix/lib/pkgconfig:}$$PKG_CONFIG_PATH" \
    meson setup $(MESON_ARGS)
compile = ninja -C

build: $(BUILD)/build.ninja ## build the programs: build/hats and build/hatsd
	@$(compile) $(BUILD) hats hatsd

demo: build ## a score on an encrypted record, its receipt, and a forgery refused; files in demo/
	@tools/demo $(BUILD) demo

demo-credit: build ## the same with a credit scorecard; files in demo-credit/
	@tools/demo $(BUILD) $@ credit

demo-support: build ## the same with a text classifier of 77 intents; files in demo-support/
	@tools/demo $(BUILD) $@ support

test: $(BUILD)/.setup-test $(BUILD)/build.ninja ## every test; the last line counts the cases
	@$(compile) $(BUILD)
	@tools/run-tests $(BUILD) --no-rebuild

bench: $(BUILD)/build.ninja ## measure, and write bench/results/NAME.json
	@$(compile) $(BUILD)
	@tools/bench $(BUILD) bench/results

fuzz: build-fuzz/build.ninja ## each fuzz target for FUZZ_SECONDS (60)
	@$(compile) build-fuzz
	@tools/fuzz build-fuzz $(FUZZ_SECONDS)

lint: $(BUILD)/.setup-dev $(BUILD)/build.ninja ## layout, layers, clang-tidy, cppcheck
	@$(compile) $(BUILD)
	@tools/lint $(BUILD)

format: ## lay out every C file as .clang-format says
	@tools/lint --format

sanitize: build-sanitize/build.ninja ## build and test with address and undefined-behaviour sanitizers
	@$(compile) build-sanitize
	@ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    tools/run-tests build-sanitize --no-rebuild --no-suite long --timeout-multiplier=5

coverage: build-coverage/build.ninja ## which lines the tests reach: build-coverage/coverage/index.html
	@$(compile) build-coverage
	@tools/run-tests build-coverage --no-rebuild --no-suite long --timeout-multiplier=3
	@mkdir -p build-coverage/coverage
	@gcovr --root . --filter src/ --html-details build-coverage/coverage/index.html --print-summary \
	    build-coverage

ct: build-ct/build.ninja ## secret-dependent branches and indices, found by valgrind
	@$(compile) build-ct
	@tools/run-ct build-ct

install: $(BUILD)/build.ninja ## install under PREFIX (/usr/local); DESTDIR is honoured
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@$(compile) $(BUILD)
	@meson install -C $(BUILD)

clean: ## remove what was built; what setup installed stays
	@rm -rf build build-fuzz build-sanitize build-coverage build-ct demo demo-credit demo-support

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A stamp says that nothing is missing. Setup is asked again when it has changed; what it then installs
# may be something that Meson looked for in vain.
define ensure_setup
@./setup $(1) --check >/dev/null || { ./setup $(1) && \
    if [ -e $(BUILD)/build.ninja ]; then $(configure) --reconfigure $(BUILD); fi; }
@mkdir -p $(BUILD) && touch $@
endef

$(BUILD)/.setup-build: setup
	$(call ensure_setup,--build)

$(BUILD)/.setup-test: setup tests/node/package-lock.json
	$(call ensure_setup,)
	@touch $(BUILD)/.setup-build

$(BUILD)/.setup-dev: setup tests/node/package-lock.json
	$(call ensure_setup,--dev)
	@touch $(BUILD)/.setup-build $(BUILD)/.setup-test

$(BUILD)/build.ninja: | $(BUILD)/.setup-build
	@$(configure) $(BUILD)

build-fuzz/build.ninja: | $(BUILD)/.setup-dev
	@export CC=clang && $(configure) -Dfuzz=true -Dtests=false -Dbench=false -Dbuildtype=debugoptimized \
	    -Db_sanitize=address,undefined -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link $(@D)

build-sanitize/build.ninja: | $(BUILD)/.setup-dev
	@$(configure) -Dbench=false -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
	    -Db_lundef=false $(@D)

build-coverage/build.ninja: | $(BUILD)/.setup-dev
	@$(configure) -Dbench=false -Dbuildtype=debugoptimized -Db_coverage=true $(@D)

build-ct/build.ninja: | $(BUILD)/.setup-dev
	@$(configure) -Dbench=false -Dct=true $(@D)
