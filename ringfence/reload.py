"""`ringfence reload` and SIGHUP: another configuration with its rules is read, checked, and taken whole, or not at all.

Reading and compiling happen in a thread; sockets and lists are made ready; then one function without an await puts
everything in its place, between two datagrams. A call is judged and sent by what held when it came.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel

from proxy.routing import Topology
from proxy.setup import Keyring, Setup, set_up
from proxy.streams.certificates import CertificateFault
from ringfence.checks import ends_of_certificates
from ringfence.installation import Installation
from ringfence.live_rules import live_in, put_live, ruleset_of
from ringfence.memory import fitted
from ringfence.node_settings import Configuration
from ringfence.rulebook import Rulebook, load_rulebook
from rules.judging.engine import RuleSet
from rules.language.source import Document, Fault, RuleError
from rules.screening.revisions import Revision, Superseded, Texts
from rules.storage.keys import KeyFileError, KeyFileOutOfReach, Keys
from rules.storage.store import DatabaseError, StoreError

# What is as it was at the start until the next one. The API is a process of its own, and reads `api` at its own start.
AT_START: Final = (
    "storage.database",
    "storage.key_file",
    "storage.cache_entries",
    "storage.record",
    "storage.record.at",
    "storage.record.node",
    "storage.record.password_file",
    "storage.record.first_copy_s",
    "control",
    "asked",
    "asked.listen.host",
    "asked.listen.port",
    "asked.per_second",
    "asked.connections",
    "asked.body_kib",
    "logging.file",
    "limits.receive_queue",
)
_SETTLES_S: Final = 0.05  # after it was saved a file is whole
_LOOKS: Final = 5  # then it is taken as it is: its time lies in the future, or somebody writes without end
NOT_FOR_US: Final = ("api", "tests", "version")
REFUSED: Final = (CertificateFault, RuleError, KeyFileError, StoreError, DatabaseError, Superseded, OSError)

log = structlog.get_logger("ringfence.reload")


class Read(NamedTuple):
    """Another configuration with its rules, checked."""

    configuration: Configuration
    document: Document
    ruleset: RuleSet
    number: int  # the revision that is live; of `texts`, once they are
    texts: Texts | None  # what is to go live: the files were saved after what is live
    keys: Keys | None  # None: their file can't be read now, so that those of before go on
    warnings: list[str]


class Reloaded(NamedTuple):
    """What became of a reload."""

    done: bool
    faults: list[str]  # why not, as file:line:column where there is one
    changed: list[str]  # settings that differ, by name
    restart: list[str]  # of all that differ from the start: those that take one
    warnings: list[str]
    revision: int = 0  # of the rules that judge
    rules: str = ""
    took_ms: int = 0


class Ready(NamedTuple):
    """All is made ready that can fail: it is put in its place, or given back."""

    place: Callable[[Read], None]
    give_back: Callable[[], None]


Prepare = Callable[[Read, Setup], Awaitable[Ready]]


class Reloading(Collector):
    """Reads, checks, and lets the node take it; one at a time."""

    def __init__(
        self,
        here: Installation,
        keys: Keys,
        prepare: Prepare,
        before: Callable[[], Topology],
        unled: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """`prepare` makes ready what can fail; `before`: the topology that holds; `unled`: names that lead nowhere."""
        self.file = here.file
        self.configuration = here.configuration  # that holds now
        self._started = _flat(here.configuration)
        self._keys, self._prepare, self._before = keys, prepare, before
        self._unled = unled
        self._lock = asyncio.Lock()
        self.counts: Counter[str] = Counter()
        self.failed = False
        self.succeeded = time.time()  # the start read it, too

    async def reload(self, actor: str, reason: str = "") -> Reloaded:
        """Take what lies on the disk, or leave all as it is."""
        async with self._lock:
            begun = time.monotonic()
            try:
                try:
                    found = await self._taken(actor, reason)
                except Superseded:  # somebody put a revision live just now: that one counts, or is replaced knowingly
                    found = await self._taken(actor, reason)
            except REFUSED as error:
                found = Reloaded(False, faults_of(error), [], [], [])
            except Exception as error:  # nobody foresaw it: what was live stays all the same
                log.exception("a reload failed")
                found = Reloaded(False, [f"{type(error).__name__}: {error}"], [], [], [])
            found = found._replace(took_ms=round(1000 * (time.monotonic() - begun)))
        self._tell(found, actor)
        return found

    async def _taken(self, actor: str, reason: str) -> Reloaded:
        read = await asyncio.to_thread(read_all, self.file)
        configuration = read.configuration
        keys: Keyring = read.keys or self._keys
        setup = set_up(configuration, configuration, keys, self._before())
        ready = await self._prepare(read, setup)
        try:
            if read.texts is not None:
                read = await self._gone_live(read, read.texts, actor, reason)
        except BaseException:
            ready.give_back()
            raise
        ready.place(read)
        read.warnings.extend(self._unled())
        differs = sorted(name for name in _differences(_flat(self.configuration), _flat(configuration)) if _ours(name))
        restart = [name for name in AT_START if self._started.get(name) != _flat(configuration).get(name)]
        if read.keys is not None and read.keys.pseudonym != self._keys.pseudonym:
            restart.append("the key of pseudonyms in storage.key_file")
        self.configuration = configuration
        return Reloaded(True, [], differs, restart, read.warnings, read.number, read.ruleset.revision)

    async def _gone_live(self, read: Read, texts: Texts, actor: str, reason: str) -> Read:
        """The files become the newest revision, as they do by `ringfence rules activate`."""
        async with Installation(self.file, read.configuration, read.document) as here:
            here.actor = actor
            words = reason or "reload"
            number = await put_live(here, texts, hash_=read.ruleset.revision, reason=words, after=read.number)
        return read._replace(number=number, texts=None)

    def _tell(self, found: Reloaded, actor: str) -> None:
        self.failed = not found.done
        self.counts["done" if found.done else "refused"] += 1
        for fault in found.faults:
            log.error("not reloaded: what was live stays", fault=fault, actor=actor)
        if not found.done:
            return
        self.succeeded = time.time()
        for warning in found.warnings:
            log.warning("check", fault=warning)
        if found.restart:
            log.warning("these changes take a restart", settings=found.restart)
        log.info(
            "reloaded",
            **{name: getattr(found, name) for name in ("changed", "revision", "rules", "took_ms")},
            actor=actor,
        )

    def collect(self) -> Iterator[Metric]:
        """How reloads ended."""
        ended = CounterMetricFamily("ringfence_reloads", "Reloads of the configuration, by result.", labels=["result"])
        for result in ("done", "refused"):
            ended.add_metric([result], self.counts[result])
        yield ended
        yield GaugeMetricFamily(
            "ringfence_reload_failed", "Was the last reload refused? What was live before it stays.", int(self.failed)
        )
        yield GaugeMetricFamily(
            "ringfence_configuration_read_timestamp_seconds",
            "When the configuration that holds was read.",
            self.succeeded,
        )


def read_all(file: Path) -> Read:
    """Configuration, rules and keys as they lie on the disk, checked; for a thread. Raises what `faults_of` tells."""
    book = _saved_whole(file)
    configuration, document = book.configuration, book.document
    warnings = list(map(str, book.warnings))
    configuration, lowered = fitted(configuration, book.ruleset.rates)
    warnings += lowered.values()
    here = Installation(file, configuration, document)
    warnings += map(str, ends_of_certificates(configuration, document, here.base))
    keys: Keys | None = None
    try:
        keys = Keys.load(here.key_file)
    except KeyFileOutOfReach as error:  # it stopped no start either
        warnings.append(f"the keys of before go on: {error}")
    try:
        live = here.run(live_in)
    except (StoreError, DatabaseError, OSError) as error:
        warnings.append(f"what is live cannot be read, so what lies on the disk judges: {error}")
        return Read(configuration, document, book.ruleset, 0, None, keys, warnings)
    if live is None or live.hash == book.ruleset.revision:
        number, texts = (0, book.texts) if live is None else (live.number, None)
        return Read(configuration, document, book.ruleset, number, texts, keys, warnings)
    if saved_after(live, book, file.parent):
        return Read(configuration, document, book.ruleset, live.number, book.texts, keys, warnings)
    warnings.append(
        f"{live.shown} went live after the rule files were saved, and stays; `ringfence rules activate` puts them live"
    )
    return Read(configuration, document, ruleset_of(configuration, document, live), live.number, None, keys, warnings)


def _saved_whole(file: Path) -> Rulebook:
    """What lies on the disk, once nobody is saving it: `cp` empties a file before it writes it.

    What was read of a file half saved would go live, and the whole file be older than what is live.
    """
    for _ in range(_LOOKS):
        begun = time.time()
        book = load_rulebook(file)
        files = [file, *book.files]
        if all(each.stat().st_ctime < begun - _SETTLES_S for each in files if each.exists()):
            break
        time.sleep(_SETTLES_S)
    return book


async def goes_live(here: Installation) -> bool:
    """Would a reload put the rules on the disk live? RuleError says what is wrong with them."""
    book = await asyncio.to_thread(load_rulebook, here.file)
    live = await live_in(here)
    return live is not None and live.hash != book.ruleset.revision and saved_after(live, book, here.base)


def saved_after(live: Revision, book: Rulebook, base: Path) -> bool:
    """Was one of the rule files that differ from what is live saved since? What was rolled back is not put live again.

    Asked by the time of the last change of any kind, which copying with its old date doesn't hide.
    """
    judged = {one.name: one.text for one in live.texts.files if not one.pack}
    own = {one.name: one.text for one in book.texts.files if not one.pack}
    differ = [base / name for name in own if judged.get(name) != own[name]]
    if judged.keys() - own.keys() or live.texts.use != book.texts.use:  # files that were taken out, packs
        differ.append(Path(book.document.file))
        differ += [path.parent for path in book.files]
    return any(path.stat().st_ctime > live.created for path in differ)


def faults_of(error: Exception) -> list[str]:
    """Why it was refused, a sentence each."""
    if isinstance(error, RuleError):
        return list(map(str, error.faults))
    if isinstance(error, OSError) and error.filename:
        return [f"{error.filename}: {error.strerror}"]
    return [str(error)]


def fault_of_listener(document: Document, configuration: Configuration, error: OSError) -> Fault | None:
    """Where in the file the address stands that can't be had."""
    for position, listener in enumerate(configuration.listen):
        if f"can't listen on {listener.address.host} port {listener.address.port}:" in str(error):
            return document.fault(("listen", position, "address"), str(error))
    return None


def fault_of_pbx(document: Document, configuration: Configuration, name: str, hosts: Sequence[str]) -> Fault:
    """Where in the file the PBX stands that no call could be sent to."""
    position = [each.name for each in configuration.pbxes].index(name)
    what = f"pbx {name!r} would have no address: DNS knows none of {', '.join(hosts)}"
    return document.fault(("pbxes", position, "addresses", 0), what, "write a name that leads somewhere, or an address")


def _flat(configuration: BaseModel) -> dict[str, object]:
    """Every setting by the name that people know it by."""
    found: dict[str, object] = {}
    _flatten("", configuration.model_dump(mode="json"), found)
    return found


def _flatten(name: str, value: object, found: dict[str, object]) -> None:
    if isinstance(value, Mapping):
        for key, one in value.items():
            _flatten(f"{name}.{key}" if name else str(key), one, found)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for one in value:
            _flatten(f"{name}[{_own_name(one)}]", one, found)
    else:
        found[name] = value


def _own_name(part: Mapping[str, Any]) -> str:
    """What tells this one from the others of its list: its name, or address and transport of a listener."""
    if "name" in part or "address" not in part:
        return str(part.get("name", ""))
    address, transport = part["address"], part.get("transport", "udp")
    return f"{address['host']}:{address['port']}" + ("" if transport == "udp" else f" {transport}")


def _differences(old: dict[str, object], new: dict[str, object]) -> set[str]:
    """Names of what differs; of what came or went whole, the name of the whole."""
    found = set()
    for name in old.keys() ^ new.keys():
        whole, bracket, _ = name.partition("]")
        found.add(whole + bracket)
    return found | {name for name in old.keys() & new.keys() if old[name] != new[name]}


def _ours(name: str) -> bool:
    return name.partition(".")[0] not in NOT_FOR_US and name not in AT_START
