# Shorthands; each command also works without make.
.PHONY: install check snapshots benchmark clean

install:
	python3 -m venv .venv
	.venv/bin/pip install -c constraints.txt -e '.[dev]'

check:
	.venv/bin/python -m tests

snapshots:
	.venv/bin/python -m pytest tests/ui --snapshot-update

benchmark:
	.venv/bin/python tests/benchmarks/steering_latency.py "$$(.venv/bin/saetui demo --path)" parsing

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
