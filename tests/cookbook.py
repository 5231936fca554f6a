"""What the recipes of config/recipes need in ringfence.yaml: lists, trunks, a destination."""

from typing import Any

from rules.language.source import shipped

RECIPES = sorted(shipped("recipes").glob("*.yaml"))
PLAIN = ["authorities", "banks", "business", "campaigners", "consented", "deliveries", "doctors"]
PLAIN += ["family", "parents", "schools", "taxis", "traps"]
GROUPS = ["elderly", "homes", "no-anonymous", "pupils", "wards"]
LISTS: dict[str, Any] = {
    **{name: {"kind": "plain"} for name in PLAIN},
    **{name: {"kind": "group"} for name in GROUPS},
    "ours": {"kind": "own"},
    "watched": {"kind": "suspect"},
}
TRUNKS = ("carrier", "international", "mobile-operator")
