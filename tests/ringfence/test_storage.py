"""What the proxy does without, as figures and in words."""

from prometheus_client import CollectorRegistry, generate_latest

from ringfence.storage import Storage


def test_every_part_has_a_figure_and_those_that_fail_a_sentence():
    storage = Storage(lambda: {"lists": "", "call log": "lines of calls are lost: no space left"})
    registry = CollectorRegistry()
    registry.register(storage)
    figures = generate_latest(registry).decode()
    assert 'ringfence_storage_unusable{part="lists"} 0.0' in figures
    assert 'ringfence_storage_unusable{part="call-log"} 1.0' in figures
    assert storage.ailments() == ["lines of calls are lost: no space left"]
