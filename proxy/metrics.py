"""What Prometheus reads: plain integers of the call path, collected only when somebody asks."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from proxy.build import BUILD
from proxy.core import DROPPED, Core
from proxy.effects import Filing
from proxy.load import LIMITS
from proxy.peers import DOWN, UP
from proxy.sip.flow import STREAMS
from proxy.sip.framing import UNFRAMED
from proxy.streams.connection import CLOSED_FOR
from proxy.streams.endpoint import StreamEndpoint
from proxy.streams.room import ALL, SOURCE
from proxy.streams.websocket import FOREIGN_ORIGIN, NO_SUBPROTOCOL, NOT_WEBSOCKET
from proxy.transport import Endpoint
from rules.model import Action

_VERDICT_BUCKETS = (1e-5, 2e-5, 3e-5, 4e-5, 6e-5, 8e-5, 0.0001, 0.00015, 0.0002, 0.0005, 0.001, 0.01, 0.05)
_LATENCY_BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)

_USUAL_FINALS = (200, 404, 408, 480, 486, 487, 500, 503, 603)  # so that each is there before its first event

_GAUGES = ("_waiting", "_remembered", "_octets")  # what goes down, too
MEANINGS = {  # of what the judge counts, for whoever reads the figures without docs/operating.md
    "emergency": "Emergency calls, which nothing can stop.",
    "emergency_marked": "Emergency calls that would have been tagged or rejected: forwarded with a mark.",
    "emergency_callbacks": "Calls to subscribers who had made an emergency call, which nothing can stop either.",
    "judge_errors": "Judgements that failed: the call went through, unless its trunk fails closed.",
    "judge_over_budget": "Judgements that took longer than they may; their verdicts were used all the same.",
    "judge_unknown": "Judgements that could not read the lists: the call went through, unless its trunk fails closed.",
    "facts_failed": "Facts that were lacking because their plug-in raised, was slow or rests.",
    "plugins_failed": "Replies and header lines that a plug-in owed, and that were lacking or could not go out.",
    "rates_forgotten": "Calls that left the table of rates before their time, because it was full.",
    "rates_remembered": "Calls that are remembered because some rule counts them.",
    "rates_octets": "What they take in memory at most.",
    "holds_written": "Callers whom rules put on a list for a time.",
    "holds_dropped": "Callers whom rules could not put on a list: no room, not written, or a call without number.",
    "lookup_hits": "Look-ups answered from memory.",
    "lookup_misses": "Look-ups answered by the database.",
    "lookup_slow": "Look-ups that were slow.",
    "lookup_unknown": "Look-ups that were given up.",
    "lists_fallbacks": "Times that the lists were found damaged and the last good copy took over.",
    "decisions_written": "Decision records on disk.",
    "decisions_waiting": "Decision records on their way to the disk.",
    "decisions_dropped": "Decision records lost because the disk could not follow.",
    "decisions_unsecured": "Rejections and tags told before their record was on file, since the disk took none.",
    "decision_write_errors": "Writes of decision records that failed.",
    "log_lines_dropped": "Lines of calls that could not be written or masked.",
}


class Times:
    """How long something took, by bucket: one list of integers, since the library's own histogram costs 2 us a call."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds  # seconds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def took(self, seconds: float) -> None:
        """Once more."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def as_data(self) -> dict[str, list[float] | list[int]]:
        """How often it took up to each bound in seconds, and more than the last."""
        return {"up_to_s": [*self._bounds], "times": [*self._counts]}

    def family(self, name: str, meaning: str) -> Metric:
        """As Prometheus reads it."""
        family = HistogramMetricFamily(name, meaning)
        bounds = [*map(floatToGoString, self._bounds), "+Inf"]
        family.add_metric([], [*zip(bounds, accumulate(self._counts), strict=True)], self._sum)
        return family


def _label(why: str) -> str:
    return why.lower().replace(" ", "-")


class Metrics(Collector):
    """One node's figures; no number is ever a label, and no address but those of the configuration."""

    def __init__(self, core: Core, screening: Callable[[], Mapping[str, int]]) -> None:
        self._core = core
        self._screening = screening
        self.endpoints: list[Endpoint] = []
        self.certificate_ends: Callable[[], Mapping[str, datetime]] = dict
        self.certificates_refused = 0
        self.stalls = 0
        self.longest_stall = 0.0
        self.unresolved = 0
        self.faults = 0
        self.registry = CollectorRegistry()
        self.verdicts = Times(_VERDICT_BUCKETS)
        self.latencies = Times(_LATENCY_BUCKETS)
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Every family, in the order of a call."""
        yield from self._messages()
        yield from self._calls()
        yield self.verdicts.family("ringfence_verdict_seconds", "What judging one call took, lists, rules and record.")
        yield self.latencies.family(
            "ringfence_added_latency_seconds", "From the arrival of an INVITE that is judged to what was sent for it."
        )
        yield from self._connections()
        yield from self._peers()
        yield from self._loop()

    def _messages(self) -> Iterator[Metric]:
        dropped = CounterMetricFamily(
            "ringfence_messages_dropped", "Datagrams that got no answer, by reason.", labels=["reason"]
        )
        for reason in dict.fromkeys((*DROPPED, *self._core.dropped)):
            dropped.add_metric([reason.lower().replace(" ", "-")], self._core.dropped[reason])
        dropped.add_metric(["queue-full"], sum(endpoint.arrivals.overflowed for endpoint in self.endpoints))
        yield dropped
        refused = CounterMetricFamily(
            "ringfence_requests_answered", "Requests the proxy answered itself, by status.", labels=["status"]
        )
        for status in sorted({*self._core.statuses, *self._core.refused}):
            refused.add_metric([str(status)], self._core.refused[status])
        yield refused
        reports = CounterMetricFamily(
            "ringfence_feature_codes", "Feature codes dialled, by what became of them.", labels=["filing"]
        )
        for filing in Filing:
            reports.add_metric([filing.value], self._core.outgoing.reports[filing.value])
        yield reports
        registrations = CounterMetricFamily(
            "ringfence_registrations",
            "REGISTERs that were accepted, by what leads back here.",
            labels=["by"],
        )
        for way in ("path", "contact", "nothing"):
            registrations.add_metric([way], self._core.registrations[way])
        yield registrations
        yield CounterMetricFamily(
            "ringfence_send_errors",
            "Datagrams that the socket did not take.",
            sum(endpoint.send_errors for endpoint in self.endpoints),
        )

    def _calls(self) -> Iterator[Metric]:
        counters = dict(self._screening())
        calls = CounterMetricFamily("ringfence_calls", "Judged calls by verdict.", labels=["verdict"])
        for action in Action:
            calls.add_metric([action.value], counters.pop(f"verdict_{action}", 0))
        yield calls
        for name, count in counters.items():
            family = GaugeMetricFamily if name.endswith(_GAUGES) else CounterMetricFamily
            yield family(f"ringfence_{name}", MEANINGS.get(name, f"{name.replace('_', ' ').capitalize()}."), count)

        signed = CounterMetricFamily(
            "ringfence_calls_signed", "Calls that were signed, by what was said.", labels=["as"]
        )
        for level in ("A", "B", "C", "div", "fault"):
            signed.add_metric([level], self._core.signed[level])
        yield signed

    def _connections(self) -> Iterator[Metric]:
        streams = [each for each in self.endpoints if isinstance(each, StreamEndpoint)]
        held = GaugeMetricFamily("ringfence_connections", "Connections that are open.", labels=["transport"])
        closed = CounterMetricFamily("ringfence_connections_closed", "Connections closed, by why.", labels=["why"])
        refused = CounterMetricFamily(
            "ringfence_connections_refused", "Connections that did not begin, by why.", labels=["why"]
        )
        for transport in STREAMS:
            count = sum(len(each) for each in streams if each.listener.transport == transport)
            held.add_metric([transport.lower()], count)
        ends, refusals = Counter[str](), Counter[str]()
        for each in streams:
            ends.update(each.closed)
            refusals.update(each.refused)
        if streams:
            refusals.update({f"no room {limit}": count for limit, count in streams[0].room.refused.items()})
        for why in dict.fromkeys((*CLOSED_FOR, *UNFRAMED, NOT_WEBSOCKET, NO_SUBPROTOCOL, FOREIGN_ORIGIN, *ends)):
            closed.add_metric([_label(why)], ends[why])
        for why in dict.fromkeys((f"no room {ALL}", f"no room {SOURCE}", *refusals)):
            refused.add_metric([_label(why)], refusals[why])
        yield held
        yield closed
        yield refused
        if ends_at := self.certificate_ends():
            family = GaugeMetricFamily(
                "ringfence_certificate_ends_timestamp_seconds", "When a certificate of ours ends.", labels=["file"]
            )
            for name, at in ends_at.items():
                family.add_metric([name], at.timestamp())
            yield family
        yield CounterMetricFamily(
            "ringfence_certificates_refused", "Files of certificates that could not be used.", self.certificates_refused
        )

    def _peers(self) -> Iterator[Metric]:
        """The addresses that requests go to; none but those of the configuration, and of where its names lead."""
        up = GaugeMetricFamily(
            "ringfence_peer_up", "Does this address have calls, as far as is known?", labels=["peer", "address"]
        )
        calls = GaugeMetricFamily(
            "ringfence_peer_calls", "Calls at this address, those in set-up too.", labels=["peer", "address"]
        )
        finals = CounterMetricFamily(
            "ringfence_peer_responses", "Final responses to INVITEs, by peer and status.", labels=["peer", "status"]
        )
        counted: dict[str, Counter[int]] = {}
        setups = self._core.setups()
        for each in self._core.peers:
            up.add_metric([each.name, each.shown], each.state == UP and not each.drained)
            calls.add_metric([each.name, each.shown], each.calls + setups[each.shown])
            counted.setdefault(each.name, Counter(dict.fromkeys(_USUAL_FINALS, 0))).update(each.finals)
        for name, statuses in counted.items():
            for status in sorted(statuses):
                finals.add_metric([name, str(status)], statuses[status])
        yield from (up, calls, finals, self._why_down())

    def _why_down(self) -> Metric:
        """For each address that is down, why, as far as the colon of it; for all others `none`."""
        down = GaugeMetricFamily(
            "ringfence_peer_down", "Is this address down, and why?", labels=["peer", "address", "why"]
        )
        for each in self._core.peers:
            why = _label(each.why.partition(":")[0]) if each.state == DOWN else "none"
            down.add_metric([each.name, each.shown, why], each.state == DOWN)
        return down

    def _loop(self) -> Iterator[Metric]:
        limits = CounterMetricFamily(
            "ringfence_limits_reached", "Requests that found no room, by the limit of whom.", labels=["limit"]
        )
        for limit in LIMITS:
            limits.add_metric([limit], self._core.load.refused[limit])
        yield limits
        over = CounterMetricFamily(
            "ringfence_calls_over_rate", "Calls that came faster than their trunk may send them.", labels=["trunk"]
        )
        fast = self._core.load.over_rate
        for trunk in dict.fromkeys((*self._core.topology.places.trunks, *fast)):
            over.add_metric([trunk], fast[trunk].calls if trunk in fast else 0)
        yield over
        shedding = self._core.shedding
        yield GaugeMetricFamily("ringfence_shedding", "Do new calls get 503 for overload now?", int(shedding.on))
        yield CounterMetricFamily("ringfence_calls_shed", "New calls refused for overload.", shedding.refused)
        bans = self._core.bans
        yield GaugeMetricFamily("ringfence_bans", "Sources that are banned.", bans.count)
        begun = CounterMetricFamily(
            "ringfence_bans_begun", "Bans of sources for what they did, by what.", labels=["why"]
        )
        for why, count in bans.begun.items():
            begun.add_metric([_label(why)], count)
        yield begun
        layer = self._core.layer
        held = GaugeMetricFamily("ringfence_transactions", "Transactions held.", labels=["role"])
        held.add_metric(["server"], len(layer.servers))
        held.add_metric(["client"], len(layer.clients) + len(layer.cancels))
        yield held
        yield GaugeMetricFamily(
            "ringfence_unacknowledged_rejections", "Final rejections that wait for ACK.", layer.unacknowledged
        )
        yield GaugeMetricFamily(
            "ringfence_receive_queue", "Datagrams waiting.", sum(len(endpoint.arrivals) for endpoint in self.endpoints)
        )
        yield CounterMetricFamily("ringfence_loop_stalls", "Times the loop stood still for over 50 ms.", self.stalls)
        yield GaugeMetricFamily("ringfence_loop_longest_stall_seconds", "The longest of them.", self.longest_stall)
        yield CounterMetricFamily("ringfence_faults", "Our own errors that cost a datagram or verdict.", self.faults)
        silent = GaugeMetricFamily(
            "ringfence_silent_addresses", "Addresses that calls are sent to and nothing comes from.", labels=["peer"]
        )
        counts = Counter(each.name for each in self._core.peers if each.state == DOWN)
        for name in self._core.topology.places.names:
            silent.add_metric([name], counts[name])
        yield silent
        build = GaugeMetricFamily("ringfence_build_info", "Is the call path compiled?", labels=["kind"])
        build.add_metric([BUILD], 1)
        yield build
        yield CounterMetricFamily("ringfence_unresolved_hosts", "Targets whose name had no address.", self.unresolved)
