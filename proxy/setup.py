"""From settings to what a core goes by: made at the start, and anew whenever the configuration changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from proxy.outgoing import Outgoing
from proxy.proxy_settings import LimitSettings, ProxySettings
from proxy.routing import Topology
from proxy.screening import Screening
from proxy.token import Tokens
from rules.settings.screening import ScreeningSettings


class Keyring(Protocol):
    """What the data plane needs of `rules.storage.keys.Keys`."""

    @property
    def tokens(self) -> Sequence[tuple[str, bytes]]:
        """Pairs of key id and secret; the first signs."""


class Setup(NamedTuple):
    """What a core goes by."""

    topology: Topology
    tokens: Tokens
    screening: Screening
    outgoing: Outgoing
    limits: LimitSettings
    record_route: bool


def set_up(settings: ProxySettings, judging: ScreeningSettings, keys: Keyring, before: Topology | None = None) -> Setup:
    """What a core is to go by; `before` is the topology that this one takes over while it runs."""
    thresholds, complaints = judging.thresholds, judging.complaints
    country = judging.country
    return Setup(
        Topology(settings, tag_at=thresholds.tag, reject_at=thresholds.reject, country=country, before=before),
        Tokens(keys.tokens),
        Screening(
            settings.profiles,
            headers=judging.headers,
            label=settings.label,
            label_in=settings.label_in,
            distinct_ring=settings.distinct_ring,
            actions=settings.actions,
            plugin_wait_s=judging.facts.plugin_ms / 1000,
        ),
        Outgoing(settings, code=complaints.feature_code, announcement=complaints.announcement, country=country),
        settings.limits,
        settings.record_route,
    )
