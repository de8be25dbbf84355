# SPDX-License-Identifier: BSD-2-Clause
# The verbs for people. Each is one line into the CMake presets or scripts/; none needs git to work.

# Debian keeps bpftool and ip where a plain user's PATH does not look.
export PATH := $(PATH):/usr/sbin:/sbin

PREFIX ?= /usr/local
DESTDIR ?=
SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help deps deps-to-run deps-to-package deps-to-document deps-to-python deps-to-image deps-to-page build python test test-vm image image-test check format tidy install uninstall package sbom docs page bench sanitize fuzz soak demo clean

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

deps: ## install the packages that the other verbs need (root)
	@scripts/install-deps

deps-to-run: # what building and showing it needs, without the tests' packages
	@scripts/install-deps build demo

deps-to-package: # what building packages of it needs
	@scripts/install-deps build package

deps-to-document: # what building the reference of bpfxx needs
	@scripts/install-deps build docs

deps-to-python: # what building the Python module needs
	@scripts/install-deps build python

deps-to-image: # what building the images needs
	@scripts/install-deps build image

deps-to-page: # what building the live page needs
	@scripts/install-deps page

build: ## build xdpstat: build/release/xdpstat
	@cmake --preset release -DXDPSTAT_TESTS=OFF -DXDPSTAT_BENCH=OFF -DXDPSTAT_MODULE=AUTO && cmake --build --preset program

python: deps-to-python ## build the Python module: build/python/xdpstat-*.whl
	@cmake --preset release -DXDPSTAT_TESTS=OFF -DXDPSTAT_BENCH=OFF -DXDPSTAT_MODULE=ON && cmake --build --preset python
	@rm -rf build/python && cmake -E copy_directory build/release/python/wheel build/python && ls build/python/*.whl

test: deps ## install what is missing, build, run every test (root, for those that attach)
	@cmake --preset release && cmake --build --preset release && scripts/run-tests release

test-vm: deps ## run it on every kernel from 5.10 on, in QEMU, and print a table; XDPSTAT_KERNELS="5.10 7.3": on these; XDPSTAT_VM_QUICK=1: the short form
	@cmake --preset vm && cmake --build --preset vm && scripts/run-tests vm

image: deps-to-image ## build the container images with podman: the program's, and the bytecode for bpfman; scripts/image builds ubi's
	@cmake --preset static && cmake --build --preset image && scripts/image

image-test: deps ## build the images twice, and run them with podman (root)
	@cmake --preset image && cmake --build --preset image-test && scripts/run-tests image

check: deps ## run the rules of the house: includes, licences, format, shell, man pages
	@scripts/run-tests check

fuzz: deps ## fuzz what strangers feed, SECONDS= for each target (default 60)
	@scripts/fuzz --seconds '$(SECONDS)'

format: ## lay out all C, C++ and BPF files by .clang-format
	@scripts/format

tidy: deps ## run clang-tidy over src/ and python/
	@scripts/tidy

install: build ## install program and library below PREFIX= (default /usr/local), under DESTDIR= for packagers
	@cmake --build --preset install && DESTDIR='$(DESTDIR)' cmake --install build/release --prefix '$(PREFIX)'

uninstall: ## remove what the last make install installed; with the DESTDIR= of then
	@DESTDIR='$(DESTDIR)' cmake -D MANIFEST=build/release/install_manifest.txt -P cmake/Uninstall.cmake

package: deps-to-package build ## build .deb packages, and .rpm where rpmbuild is installed: build/packages
	@cmake --build --preset install && cpack --preset release && rm -rf build/packages/_CPack_Packages
	@scripts/sbom build/release > build/packages/xdpstat.spdx.json && echo build/packages/xdpstat.spdx.json

sbom: build ## write the software bill of materials (SPDX 2.3): build/xdpstat.spdx.json
	@scripts/sbom build/release > build/xdpstat.spdx.json && echo build/xdpstat.spdx.json

docs: deps-to-document ## build the reference of bpfxx: build/docs/bpfxx/html
	@cmake --preset release -DXDPSTAT_TESTS=OFF -DXDPSTAT_BENCH=OFF && cmake --build build/release --target reference

page: deps-to-page ## build the live page anew: web/dist
	@cd web && npm ci && npm run build

bench: deps ## measure, and print ratios (root)
	@cmake --preset release && cmake --build --preset release && scripts/bench

sanitize: deps ## run the tests under the address, undefined-behaviour and thread sanitizers, and with calls checked (root)
	@cmake --preset asan-ubsan && cmake --build --preset asan-ubsan && cmake --build --preset asan-ubsan-e2e && scripts/run-tests asan-ubsan && scripts/run-tests asan-ubsan-e2e
	@cmake --preset tsan && cmake --build --preset tsan && scripts/run-tests tsan
	@cmake --preset cfi && cmake --build --preset cfi && scripts/run-tests cfi

soak: deps ## scrape `xdpstat serve` ten million times and read a million snapshots a second, and see its memory stay (root)
	@cmake --preset release && cmake --build --preset release && scripts/soak

demo: deps-to-run build ## attach, send mixed traffic through a veth pair, compare, clean up (root)
	@cmake --build build/release --target stats_reader && demo/demo.sh

clean: ## remove all that was built
	@rm -rf build
