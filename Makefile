# Two commands to know: `make demo` and `make test`. Each sets the machine up first; a second run starts at once.
python = .venv/bin/python
.PHONY: demo test set-up style types arrows tests fuzz lock

demo:
	@tools/setup run
	@.venv/bin/ringfence demo

test:
	@tools/setup test
	@tools/check

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

lock:
	@tools/setup lock
