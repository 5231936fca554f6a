"""A caller behind a real address translation: network namespaces of the kernel, with nftables between them."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from types import TracebackType
from typing import Self

OUTSIDE = "192.0.2.5"  # where the proxy is, in the namespace of the test
PBX = "192.0.2.6"  # beside it
APPARENT = "192.0.2.66"  # how everybody behind the translation appears
INNER = "10.0.0.5"  # where the caller is

# The port changes too, as it does when two phones behind one router both have 5060.
RULES = """
table ip nat {
  chain after {
    type nat hook postrouting priority 100;
    oifname "out0" meta l4proto { tcp, udp } th dport 5060 masquerade to :40000-40100;
  }
}
"""
FORGOT = """
table ip forgot {
  chain through { type filter hook forward priority 0; meta l4proto tcp reject with tcp reset; }
}
"""


class Translation:
    """The namespaces, from their making to their end; the test itself must be alone in one (`unshare --net`)."""

    def __enter__(self) -> Self:
        with ExitStack() as self._stack:
            self._build()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _build(self) -> None:
        self.router, self.caller = (self._namespace() for _ in range(2))
        _run("ip", "link", "set", "lo", "up")
        self._link("veth0", "out0", self.router)
        for address in (OUTSIDE, PBX):
            _run("ip", "address", "add", f"{address}/24", "dev", "veth0")
        _run(*self.inside(self.router), "ip", "address", "add", f"{APPARENT}/24", "dev", "out0")
        _run(*self.inside(self.router), "ip", "link", "add", "in0", "type", "veth", "peer", "name", "eth0")
        _run(*self.inside(self.router), "ip", "link", "set", "eth0", "netns", str(self.caller))
        _run(*self.inside(self.router), "ip", "address", "add", "10.0.0.1/24", "dev", "in0")
        _run(*self.inside(self.router), "ip", "link", "set", "in0", "up")
        _run(*self.inside(self.caller), "ip", "link", "set", "lo", "up")
        _run(*self.inside(self.caller), "ip", "address", "add", f"{INNER}/24", "dev", "eth0")
        _run(*self.inside(self.caller), "ip", "link", "set", "eth0", "up")
        _run(*self.inside(self.caller), "ip", "route", "add", "default", "via", "10.0.0.1")
        _run(*self.inside(self.router), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        _run(*self.inside(self.router), "nft", "-f", "-", said=RULES)

    def breaks(self) -> None:
        """Every connection through the router is reset when something is sent on it, as by a router that forgot it."""
        _run(*self.inside(self.router), "nft", "-f", "-", said=FORGOT)

    def mends(self) -> None:
        """New ones are let through again."""
        _run(*self.inside(self.router), "nft", "delete", "table", "ip", "forgot")

    @staticmethod
    def inside(namespace: int) -> list[str]:
        """What stands before a command that is to run in that namespace."""
        return ["nsenter", "--target", str(namespace), "--net"]

    def _namespace(self) -> int:
        """One of its own, held by a process that does nothing else; its id."""
        holder = self._stack.enter_context(
            subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE)
        )
        self._stack.callback(holder.kill)
        assert holder.stdout is not None
        holder.stdout.readline()  # it is there
        return holder.pid

    def _link(self, here: str, there: str, namespace: int) -> None:
        _run("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        _run("ip", "link", "set", there, "netns", str(namespace))
        _run("ip", "link", "set", here, "up")
        _run(*self.inside(namespace), "ip", "link", "set", there, "up")


def _run(*command: str, said: str | None = None) -> None:
    run = subprocess.run(command, input=said, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 0, f"{' '.join(command)}: {run.stderr}"
