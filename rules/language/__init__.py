"""The rule language: YAML in, one immutable rule set out, or every fault at once with its place."""
