"""Which build runs: the call path as it stands in the sources, or compiled (tools/compile)."""

from __future__ import annotations

from importlib.util import find_spec

COMPILED, PURE = "compiled", "pure Python"


def kind_of(module: str) -> str:
    """Would this module be loaded from C or from its source? It is not loaded to tell."""
    spec = find_spec(module)
    return PURE if spec is None or spec.origin is None or spec.origin.endswith(".py") else COMPILED


BUILD = kind_of("proxy.core")
