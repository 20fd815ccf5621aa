# SPDX-License-Identifier: BSD-2-Clause
# Thin entry points; the work is done by tools/setup, mkimage and the makefiles below.

PYTHON ?= python3
VENV := .venv/bin
RECIPE := images/debian.toml
IMAGE := build/images/debian.img
# Or skiboot, or a file
FIRMWARE := opal
SIGN_KEY := firmware/opal/keys/development

.PHONY: boot test bench build firmware firmware-unlocked lint setup clean

boot: build
	@mkdir -p $(dir $(IMAGE))
	$(VENV)/mkimage build $(RECIPE) -o $(IMAGE)
	$(VENV)/mkimage sign $(IMAGE) --key $(SIGN_KEY)
	$(VENV)/mkimage boot $(IMAGE) --firmware $(FIRMWARE)

test: build firmware-unlocked lint
	$(MAKE) -C tests/guests
	$(VENV)/pytest -n auto --dist worksteal

bench: build
	@mkdir -p $(dir $(IMAGE))
	$(VENV)/mkimage build $(RECIPE) -o $(IMAGE)
	$(VENV)/mkimage sign $(IMAGE) --key $(SIGN_KEY)
	$(VENV)/python -m bench $(IMAGE) $(RECIPE)

build: setup firmware
	$(MAKE) -C firmware/stub
	$(MAKE) -C hypervisor

firmware: setup
	$(MAKE) -C firmware/opal

# Starts payloads of every kind, for tests; never for use.
firmware-unlocked: setup
	$(MAKE) -C firmware/opal BUILD=../../build/firmware/unlocked UNLOCKED=1

lint: setup
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy

setup:
	@$(PYTHON) tools/setup

clean:
	rm -rf build
