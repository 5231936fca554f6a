"""Which addresses of PBXes and trunks say nothing: others are tried first, and whoever runs the node is told once."""

from __future__ import annotations

from proxy.routing import Target


class Silence:
    """Silent addresses, each with the time from which one call may try it first again."""

    __slots__ = ("_again", "_retry_s")

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._again: dict[tuple[str, int], float] = {}  # bounded by the configuration: only its addresses come here

    def __len__(self) -> int:
        return len(self._again)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each."""
        return list(self._again)

    def keep(self, names: dict[tuple[str, int], str], retry_s: float) -> None:
        """Another configuration: what it has no name for is nobody's any more."""
        self._retry_s = retry_s
        self._again = {where: again for where, again in self._again.items() if names.get(where)}

    def fell(self, host: str, port: int, now: float) -> bool:
        """It said nothing to a call, or refused it; True when that is news."""
        news = (host, port) not in self._again
        self._again[host, port] = now + self._retry_s
        return news

    def rose(self, host: str, port: int) -> bool:
        """It said something; True when that is news."""
        return self._again.pop((host, port), None) is not None

    def order(self, targets: list[Target], now: float, *, may_try: bool) -> list[Target]:
        """The same targets, silent ones last: but for one call each time that a retry is due, if this one may be it."""
        first: list[Target] = []
        last: list[Target] = []
        for target in targets:
            where = target.host, target.port
            again = self._again.get(where)
            if again is None:
                first.append(target)
            elif may_try and now >= again:
                self._again[where] = now + self._retry_s
                first.append(target)
            else:
                last.append(target)
        return first + last
