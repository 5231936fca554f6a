"""Whoever measures or reports a fault can see which build ran."""

import proxy.core
from proxy.build import BUILD, COMPILED, PURE, kind_of


def test_a_module_tells_how_it_is_loaded():
    assert kind_of("proxy.proxy_settings") == PURE
    assert kind_of("uvloop.loop") == COMPILED


def test_the_build_is_that_of_the_core():
    assert (BUILD == PURE) == proxy.core.__file__.endswith(".py")
