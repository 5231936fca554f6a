"""How many examples a property is tried on.

`make test` tries the same in each run, `make quick` the first few of them, `make fuzz` many more at random.
"""

from hypothesis import HealthCheck, settings

SAME, FEW, FUZZ = "same", "few", "fuzz"

USUAL = 100  # what a property without `examples` gets

# None looks at the time: a busy machine is no fault.
for _name, _count in ((SAME, USUAL), (FEW, USUAL // 10)):
    settings.register_profile(
        _name, max_examples=_count, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.register_profile(
    FUZZ,
    max_examples=50 * USUAL,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def examples(count: int, *allowed: HealthCheck) -> settings:
    """That many examples, under `make fuzz` as many times more as every property gets there."""
    own = settings.default
    return settings(
        max_examples=max(count * own.max_examples // USUAL, 1),
        suppress_health_check=[*own.suppress_health_check, *allowed],
    )


def is_fuzzing() -> bool:
    """Does `make fuzz` run?"""
    return settings.get_current_profile_name() == FUZZ
