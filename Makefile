# Two commands to know: `make demo` and `make test`. Each sets the machine up first; a second run starts at once.
python = .venv/bin/python
.PHONY: demo test quick set-up style types arrows tests fuzz docs lock wheel

demo:
	@tools/setup run
	@.venv/bin/ringfence demo

test:
	@tools/setup test
	@tools/check

# Under a minute, without peers or packages of the system, properties on a tenth of their examples: after each change.
quick:
	@tools/setup run
	@tools/check quick

set-up:
	@tools/setup test

style:
	$(python) -m ruff check . && $(python) -m ruff format --check .

types:
	$(python) -m mypy

arrows:
	.venv/bin/lint-imports

tests:
	$(python) -m pytest

# Hours: every property on random examples, 50 times as many as in `make test`, on the sources and compiled.
fuzz:
	@tools/setup test
	@$(python) -m pytest --hypothesis-profile=fuzz -m hypothesis

docs:
	@tools/setup test
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict --quiet && echo 'see .cache/site/index.html'

lock:
	@tools/setup lock

# What is installed elsewhere: the wheel, and the versions that it was tried with.
wheel:
	@tools/setup run
	@.venv/bin/uv build --quiet --wheel --no-build-isolation --python $(python) --out-dir dist . && cp requirements.lock dist/ && ls dist/*
