"""Run under valgrind: each message on standard input is handled inside a call of qsort, whose instructions are counted.

Before each stand its length and the side it comes from: ``1200 trunk`` or ``1200 pbx``.
"""

import ctypes
import gc
import sys
from collections.abc import Callable

from proxy.sip.flow import Flow
from tests import wire
from tests.playbook import FORWARD, Playbook

Compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
# As far as a datagram goes, so that what is counted is reading and not refusing.
LIMITS = {"header_octets": 65_535, "values": 60_000, "vias": 60_000}
TRUNK = {"name": "carrier", "addresses": ["198.51.100.0/24"], "identity": "trusted", "country": "CN"}


def inside_qsort(work: Callable[[], None]) -> None:
    """Do it within a C function that valgrind can tell from all others: two elements are compared once."""
    done: list[bool] = []

    def compare(one: int, other: int) -> int:
        if not done:
            done.append(True)
            work()
        return 0

    two = (ctypes.c_int * 2)(0, 0)
    ctypes.CDLL(None).qsort(two, 2, ctypes.sizeof(ctypes.c_int), Compare(compare))


def handle(play: Playbook, flow: Flow, message: bytes) -> None:
    context = play.core.receive(message, flow, play.now)
    if context is not None:
        play.core.decided(context, FORWARD, play.now)
    play._perform()


def main() -> None:
    data = sys.stdin.buffer.read()
    gc.disable()  # a collection that falls into a count would be taken for what the message costs
    while data:
        gc.collect()
        words, _, data = data.partition(b"\n")
        size, side = words.split()
        message, data = data[: int(size)], data[int(size) :]
        play = Playbook(limits=LIMITS, trunks=[TRUNK])
        flow = play.core.flow_to(play.topology.listeners[0], *(wire.PBX if side == b"pbx" else wire.TRUNK))
        handle(play, flow, wire.invite(uri="sip:x@198.51.100.21", call_id="warm"))
        inside_qsort(lambda play=play, flow=flow, message=message: handle(play, flow, message))  # type: ignore[misc]


if __name__ == "__main__":
    main()
