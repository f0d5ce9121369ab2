# Diptych's commands. They need Python 3.11 or newer, git and make; everything else they bring themselves, into .venv/.
#
#   make demo          the whole loop on generated images, then the site until Ctrl-C
#   make demo-check    the same, every step's result checked, then the end
#   make serve         the site without demo data: web, worker and beat
#   make test          the tests; one file: make test ARGS=tests/judging/test_voting.py
#   make hammer        everything breaks while people annotate; longer: make hammer ARGS="--votes 100000 --annotators 48"
#   make attack        what one stranger can try against a site on loopback; one: make attack ARGS=stalled_bodies
#   make soak          votes at half speed for an hour: does anything grow; shorter: make soak ARGS="--minutes 5"
#   make check         linters, types, import rules, migrations, deployment
#   make screenshots   pictures of every page, wide and on a phone, in light and dark, in var/screenshots/
#   make messages      the catalogues of translations from what is in the sources, and compiled (docs/contributors.md, "Languages")
#   make bench         the benchmarks, one after the other; one: make bench ARGS=import_images
#   make bench-votes   the vote loop over HTTP from 1,000 to 1,000,000 pairs; shorter: make bench-votes ARGS="--pairs 1000"
#   make bench-scale   the vote loop with 1, 2 and 4 web and worker processes
#   make bench-peers   the same annotators on Potato; on Label Studio too: make bench-peers ARGS="--peers potato label-studio"
#   make bench-pages   what every list and page reads at 1,000 to 1,000,000 pairs; shorter: make bench-pages ARGS="--pairs 1000 10000"
#   make bench-console the console at 1,000 and 1,000,000 pairs: queries, bytes, CPU; shorter: make bench-console ARGS="--pairs 1000 10000"
#   make bench-page    the annotation page in Chromium over a slow network; shorter: make bench-page ARGS="--pairs 30"
#   make bench-servers the vote loop on granian and on gunicorn, with and without a connection pool
#   make bench-quality simulated annotators of all kinds: how soon harm is found; shorter: make bench-quality ARGS="--campaigns 20"
#   make bench-trust   simulated campaigns whose truth is known: do published intervals hold it; shorter: make bench-trust ARGS="--campaigns 20"
#   make bench-consensus the methods of consensus on a million votes, beside crowd-kit; shorter: ARGS="--votes 100000"
#   make bench-release releases built and served, beside their floors; shorter: make bench-release ARGS="--votes 300000 --pairs 500"
#   make bench-report  the tables of docs/performance.md and docs/scale.md from benchmarks/results/
#   make check-old-clients  the Hub's protocol with clients of older generations; another one: make check-old-clients ARGS=3.6.0:0.34.4
#   make pins          re-resolve requirements.lock and requirements-dev.lock; to the newest versions: make pins ARGS=--upgrade
#   make sbom          the packages of the site as CycloneDX, in var/sbom.cdx.json
#   make audit         known vulnerabilities of all that is pinned; it asks the package index
#
# A variable of docs/operators.md can be set on the same line: make demo PORT=8123 DATA_DIR=/tmp/diptych

VENV := .venv
BIN := $(VENV)/bin
# What `make` made last, each newer than the files it was made from.
INSTALLED := $(VENV)/installed
INSTALLED_DEV := $(VENV)/installed-dev

.DELETE_ON_ERROR:
.PHONY: help demo demo-check serve test hammer attack soak check messages screenshots bench bench-votes bench-pages bench-console bench-scale bench-peers bench-report bench-page bench-servers bench-quality bench-trust bench-consensus bench-release check-old-clients pins sbom audit

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

# --- running it

# Compiled once and kept, whatever this is set to: a worker that is started again after its end is there sooner.
demo demo-check serve hammer attack soak: export PYTHONDONTWRITEBYTECODE :=

demo: $(INSTALLED)
	@exec $(BIN)/python manage.py serve --demo

demo-check: $(INSTALLED)
	@exec $(BIN)/python manage.py serve --demo --check

serve: $(INSTALLED)
	@exec $(BIN)/python manage.py serve

# --- the virtual environment

$(BIN)/python:
	@for candidate in $(or $(PYTHON),python3.11 python3); do \
	    if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Diptych needs Python 3.11 or newer, and found: $$(python3 --version 2>&1 || echo none)." >&2; \
	    echo "Install it, or name it: make PYTHON=/path/to/python3.11 …" >&2; \
	    exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version)"; \
	$$python -m venv --clear $(VENV)

# Every file by its hash, whichever index it comes from; wheels only, so that no package runs code to be installed.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:

$(INSTALLED): requirements.lock | $(BIN)/python
	@echo "Installing requirements.lock (once; it takes a minute or so)"
	@$(INSTALL) -r requirements.lock
	@touch $@

$(INSTALLED_DEV): requirements-dev.lock $(INSTALLED)
	@echo "Installing requirements-dev.lock (once)"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

# For all platforms, and every Python from the oldest on. No index and no path of the machine that resolved them is kept.
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate \
    --custom-compile-command "make pins"
pins: $(INSTALLED_DEV)
	@$(LOCK) $(ARGS) --output-file requirements.lock requirements.txt
	@$(LOCK) $(ARGS) --constraint requirements.lock --output-file requirements-dev.lock requirements-dev.txt

sbom: $(INSTALLED_DEV)
	@mkdir -p var
	@$(BIN)/cyclonedx-py requirements --output-reproducible --output-file var/sbom.cdx.json requirements.lock
	@echo "var/sbom.cdx.json"

# Asks the package index, so it is not among the checks. A package that the index does not answer for fails it.
audit: $(INSTALLED_DEV)
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements-dev.lock $(ARGS)

# --- the tests

# Compiled once and kept, whatever this is set to: with its asserts, compiling the tests takes as long as a tenth of them.
test: export PYTHONDONTWRITEBYTECODE :=
# Whoever is ready first takes tests from the others, so that all end together.
test: $(INSTALLED_DEV)
	@mkdir -p var
	@$(BIN)/python -m pytest -n auto --dist worksteal --durations=10 --junit-xml=var/test-report.xml $(ARGS); \
	    status=$$?; echo $$status > var/test-status; exit $$status

# Pictures of every page, for people to look at: var/screenshots/. NAMES=review,members for some of them.
screenshots: $(INSTALLED_DEV)
	@$(BIN)/python -m pytest -q -n 0 -m browser tests/browser/screenshots.py $(ARGS)

hammer: $(INSTALLED_DEV)
	@exec $(BIN)/python -m tests.faults.hammer $(ARGS)

attack: $(INSTALLED_DEV)
	@exec $(BIN)/python -m tests.attacks.attack $(ARGS)

soak: $(INSTALLED_DEV)
	@exec $(BIN)/python -m tests.faults.soak $(ARGS)

# Of datasets and huggingface_hub, made for each other. Not among the checks: it downloads them.
check-old-clients: $(INSTALLED_DEV)
	@exec tests/hub/old_clients.sh $(BIN)/python var/old-clients $(or $(ARGS),2.21.0:0.28.1)

bench: $(INSTALLED_DEV)
	@set -e; for name in $(or $(ARGS),$(filter-out peers report,$(basename $(notdir $(wildcard benchmarks/[a-z]*.py))))); do \
	    echo "== $$name"; $(BIN)/python -m benchmarks.$$name; \
	done

# Of these, each takes ARGS="--seconds 3 --rounds 1" to be shorter, and ARGS="--json FILE" to write its rows.
bench-votes: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.votes $(ARGS)

bench-scale: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.scale $(ARGS)

bench-pages: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.pages $(ARGS)

bench-console: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.console $(ARGS)

bench-servers: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.servers $(ARGS)

# Each peer has an environment of its own, made when it is first asked for: they bring what nothing else here needs.
PEERS := $(VENV)/peers
bench-peers: $(INSTALLED_DEV) $(PEERS)/potato/installed $(if $(findstring label-studio,$(ARGS)),$(PEERS)/label-studio/installed)
	@exec $(BIN)/python -m benchmarks.peers --programs $(PEERS) $(ARGS)

$(PEERS)/%/installed: benchmarks/requirements-%.txt | $(BIN)/python
	@echo "Installing $< (once; it takes a minute or more)"
	@$(BIN)/python -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bench-report: $(INSTALLED_DEV)
	@$(BIN)/python -m benchmarks.report $(ARGS)

bench-page: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.page $(ARGS)

bench-quality: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.quality $(ARGS)

bench-trust: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.trust $(ARGS)

# crowd-kit brings what nothing else here needs, and older versions of what something does: it has an environment of its own.
CROWD_KIT := $(VENV)/crowd-kit
bench-consensus: $(INSTALLED_DEV)
	@if [ ! -e $(CROWD_KIT)/installed ] || [ benchmarks/requirements-crowd-kit.txt -nt $(CROWD_KIT)/installed ]; then \
	    echo "Installing benchmarks/requirements-crowd-kit.txt (once; it takes a minute or so)"; \
	    { $(BIN)/python -m venv --clear $(CROWD_KIT) \
	        && $(CROWD_KIT)/bin/python -m pip install --quiet --disable-pip-version-check \
	            -r benchmarks/requirements-crowd-kit.txt \
	        && touch $(CROWD_KIT)/installed; } \
	    || { rm -rf $(CROWD_KIT); echo "crowd-kit could not be installed; our own times follow without it."; }; \
	fi; \
	exec $(BIN)/python -m benchmarks.consensus --crowd-kit $(CROWD_KIT)/bin/python $(ARGS)

# Votes and images, Postgres to parquet, and a shard to the Hub's client.
bench-release: $(INSTALLED_DEV)
	@exec $(BIN)/python -m benchmarks.release $(ARGS)

# --- the translations

messages: $(INSTALLED_DEV)
	@$(BIN)/python locale/messages.py update

# --- the checks: `make check` runs them all and names those that failed; `make check-types` runs one

CHECKS := check-lint check-format check-scripts check-types check-templates check-imports check-migrations check-deploy check-schema \
    check-compose check-shell check-messages
.PHONY: $(CHECKS)

check: $(INSTALLED_DEV)
	@$(MAKE) --no-print-directory --keep-going --jobs=2 $(CHECKS)

# $(call step,COMMAND): a line when it passes, the tool's own words when it does not.
define step
@if output=$$({ $(1); } 2>&1); then echo "ok    $(@:check-%=%)"; else printf 'FAIL  %s\n%s\n' '$(@:check-%=%)' "$$output"; exit 1; fi
endef
SOURCES := annotator api manage.py
# What a site that others can reach is started with. None of these servers is asked anything.
PRODUCTION := env -u DEBUG -u HTTPS ALLOWED_HOSTS=example.org CSRF_TRUSTED_ORIGINS=https://example.org TRUSTED_PROXIES=1 \
    DATABASE_URL=postgres://diptych@postgres/diptych REDIS_URL=redis://valkey:6379/0 STORAGE_URL=s3://diptych \
    SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')

check-lint: $(INSTALLED_DEV)
	$(call step,$(BIN)/ruff check --quiet .)

check-format: $(INSTALLED_DEV)
	$(call step,$(BIN)/ruff format --check .)

# Paths that each has in its own settings too: .oxlintrc.json, .oxfmtrc.json.
SCRIPTS := static/js tests/browser/modules benchmarks/support
check-scripts: $(INSTALLED_DEV)
	$(call step,$(BIN)/oxlint --deny-warnings $(SCRIPTS) && $(BIN)/oxfmt --check $(addsuffix /**/*.js,$(SCRIPTS)))

check-types: $(INSTALLED_DEV)
	$(call step,$(BIN)/mypy $(SOURCES))

check-templates: $(INSTALLED_DEV)
	$(call step,$(BIN)/djlint templates --quiet --lint && $(BIN)/djlint templates --check)

check-imports: $(INSTALLED_DEV)
	$(call step,$(BIN)/lint-imports --no-logo)

check-migrations: $(INSTALLED_DEV)
	$(call step,DATA_DIR=$${DATA_DIR:-var/tests} $(BIN)/python manage.py makemigrations --check --dry-run)

check-deploy: $(INSTALLED_DEV)
	$(call step,$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING)

check-schema: $(INSTALLED_DEV)
	$(call step,$(PRODUCTION) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null)

# What annotators see, in all languages.
check-messages: $(INSTALLED_DEV)
	$(call step,$(BIN)/python locale/messages.py check)

check-compose: $(INSTALLED_DEV)
	$(call step,$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml)

check-shell: $(INSTALLED_DEV)
	$(call step,$(BIN)/shellcheck .ci/run deploy/run tests/hub/old_clients.sh)
