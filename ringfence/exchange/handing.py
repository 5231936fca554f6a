"""Cases on their way to another operator and back: signed by who says so, for whom it is said, and sent until taken.

A message is a JWS (RFC 7515) by an Ed25519 key that both handed over before. It says who wrote it and to whom: a key
of the API that somebody else got hold of lets nobody hand over in another's name, and what was written to one operator
is nothing to another.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from ringfence.exchange.exchange_settings import ExchangeSettings, PartnerSettings
from ringfence.exchange.refused import ExchangeError, Refused

if TYPE_CHECKING:
    from desk.desk import Desk

LONGEST: Final = 32_768  # characters of a signed message
_ALGORITHMS: Final = ["Ed25519", "EdDSA"]
_TYPE: Final = "application/json"
Post = Callable[[PartnerSettings, str, bytes, list[tuple[str, str]]], tuple[int, bytes]]


class Unproven(ValueError):
    """A message that no partner signed for us."""


def our_key(path: Path) -> OKPKey:
    """The key by which we sign; made if there is none."""
    if not path.exists():
        made = OKPKey.generate_key("Ed25519")
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made.as_dict(private=True), file)
            file.flush()
            os.fsync(file.fileno())
    return _read_key(path)


def public_of(key: OKPKey) -> str:
    """What partners are handed, as one line."""
    return json.dumps(key.as_dict(private=False))


def _read_key(path: Path) -> OKPKey:
    try:
        return OKPKey.import_key(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        raise ExchangeError(
            f"{path} cannot be read as a key", "it is a line that `ringfence share handing-key` printed"
        ) from error


def signed(key: OKPKey, message: Mapping[str, Any], *, by: str, to: str) -> str:
    """The message as one operator says it to another."""
    told = json.dumps({**message, "from": by, "to": to}, ensure_ascii=False).encode()
    return jws.serialize_compact({"alg": "Ed25519"}, told, key, algorithms=_ALGORITHMS)


class Proven(NamedTuple):
    """What a partner truly said."""

    partner: str
    operator: str
    message: dict[str, Any]


class Handing:
    """Hands over to partners, and takes what they hand over."""

    def __init__(self, settings: ExchangeSettings, base: Path) -> None:
        self._settings, self._base = settings, base

    @property
    def partners(self) -> dict[str, PartnerSettings]:
        """Those with whom cases are exchanged."""
        return {name: one for name, one in self._settings.partners.items() if one.handing is not None}

    def named(self) -> dict[str, str]:
        """To whom a case goes by itself, by what an officer may call him."""
        found = {}
        for name, one in self.partners.items():
            if one.handing is not None and one.handing.url:
                for called in (name, one.operator, one.holder, *one.handing.names):
                    if called:
                        found[called.casefold()] = name
        return found

    def of_operator(self, operator: str) -> str:
        """Which partner calls himself so."""
        for name, one in self.partners.items():
            if one.operator == operator:
                return name
        raise ExchangeError(f"{operator} is no partner any more", "write him into `exchange.partners` again")

    @property
    def key(self) -> OKPKey:
        """Ours."""
        return our_key(self._base / self._settings.handing_key)

    def proven(self, text: str) -> Proven:
        """What a partner said to us; Unproven for anything else, without a word on what is wrong with it."""
        try:
            claimed = json.loads(jws.extract_compact(text.encode()).payload)
            name = self.of_operator(claimed["from"])
            handing = self.partners[name].handing
            assert handing is not None
            key = _read_key(self._base / handing.key)
            message = json.loads(jws.deserialize_compact(text, key, algorithms=_ALGORITHMS).payload)
        except (JoseError, ExchangeError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unproven("no partner signed it") from error
        if message["to"] != self._settings.operator:
            raise Unproven("it was written to somebody else")
        return Proven(name, claimed["from"], message)

    async def deliver(self, desk: Desk, post: Post) -> list[str]:
        """Send what is due; what went wrong, a sentence each."""
        await desk.handing.queue(self.named())
        faults = []
        for due in await desk.handing.due():
            partner = self.partners.get(due.partner)
            handing = partner.handing if partner is not None else None
            if partner is None or handing is None or not handing.url:
                await desk.handing.failed(due, "he is no partner that takes cases any more")
                continue
            told = signed(self.key, await desk.handing.message(due), by=self._settings.operator, to=partner.operator)
            try:
                token = (self._base / handing.token).read_text().strip() if handing.token else ""
                headers = [("Content-Type", _TYPE), ("User-Agent", "ringfence"), ("Authorization", f"Bearer {token}")]
                status, said = post(partner, handing.url, json.dumps({"signed": told}).encode(), headers)
                reference = _reference(status, said)
            except (Refused, OSError) as error:
                fault = error.strerror or str(error) if isinstance(error, OSError) else str(error)
                await desk.handing.failed(due, fault)
                faults.append(f"{due.kind} {due.about} does not reach {due.partner}: {fault}")
            else:
                await desk.handing.acknowledged(due, reference)
        return faults


def _reference(status: int, said: bytes) -> str:
    if status not in (200, 201):
        raise Refused("unreachable", f"he answers {status}")
    try:
        found = json.loads(said)["reference"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("broken", "his answer") from error
    if not isinstance(found, str) or not 0 < len(found) <= 100:
        raise Refused("broken", "his answer")
    return found


def by_web(clock: Callable[[], float]) -> Post:
    """Send by HTTP, each to its partner alone."""

    from ringfence.exchange.web import Web  # draws in python-tuf: who only listens needs none of it

    def post(partner: PartnerSettings, url: str, data: bytes, headers: list[tuple[str, str]]) -> tuple[int, bytes]:
        web = Web(partner.networks, partner.deadline_s, clock=clock)
        try:
            return web.post(url, data, headers)
        finally:
            web.close()

    return post
