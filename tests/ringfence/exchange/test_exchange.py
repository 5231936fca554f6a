"""Three operators: published, withdrawn, echoed, lied, rolled back: who believes what."""

import functools
import shutil
import threading
from contextlib import AsyncExitStack
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ringfence.exchange.refused import ExchangeError
from rules.lists.history import happenings
from rules.lists.origins import Origin
from tests.ringfence.exchange.operators import Clock, Operator

BAD, WORSE = "+8617012345678", "+8617012345679"


@pytest.fixture
async def three(tmp_path):
    """Operators a, b and c, each of whom takes from both others."""
    clock, names = Clock(), ("a", "b", "c")
    async with AsyncExitStack() as stack:
        made = []
        for name in names:
            one = await Operator.open(tmp_path, name, clock, *names)
            stack.push_async_callback(one.lists.close)
            made.append(one)
        for one in made:
            for other in made:
                if other is not one:
                    one.takes(other)
            await one.publish()
        yield made


async def beliefs(operators, number):
    """On which lists each of them has it."""
    return [await one.believes(number) for one in operators]


async def test_what_one_lists_the_others_hold_with_whose_word_it_is(three):
    a, b, c = three
    await a.block(BAD, "+861701230*")
    assert (await a.publish()).version == 2
    for one in (b, c):
        told = await one.poll()
        assert (told[0].partner, told[0].entries, told[0].fault) == ("a", 2, "")
        word = "version 2 of a.example, hop 0"
        assert await one.listed("from-a") == {BAD: word, "+861701230*": word}
        (entry,) = await one.lists.covering(BAD)
        assert (entry.origin.source, entry.origin.reason, entry.origin.evidence) == ("partner a", "fraud", "stated")
    await a.release(BAD)
    await a.publish()
    for one in (b, c):
        await one.poll()
    assert await beliefs(three, BAD) == [[], [], []]
    assert await beliefs(three, "+8617012300000") == [["blocked"], ["from-a"], ["from-a"]]
    await a.block(BAD)
    await a.publish()
    await b.poll()
    assert await b.believes(BAD) == ["from-a"]  # listed anew, it counts in spite of the withdrawal
    before = await b.exchange.look(b.lists)
    assert [one.changed for one in before] == [False, False]


async def test_a_release_at_the_origin_is_gone_everywhere_within_two_polls(three):
    a, b, c = three
    for one in (b, c):
        one.set(publish={"lists": {"blocked": "fraud"}, "pass_on": True})
    c.set(partners={"b": c.settings.model_dump(exclude_unset=True)["partners"]["b"]})  # who hears a through b alone
    await a.block(BAD)
    await a.publish()
    await b.poll()
    await c.poll()
    assert await beliefs(three, BAD) == [["blocked"], ["from-a"], ["from-b"]]
    assert await c.listed("from-b") == {BAD: "version 2 of a.example, hop 1"}
    await a.release(BAD)
    await a.publish()
    await b.poll()
    await c.poll()
    assert await beliefs(three, BAD) == [[], [], []]


async def test_an_echo_is_no_second_witness_and_never_comes_home(three):
    a, b, c = three
    for one in three:
        one.set(publish={"lists": {"blocked": "fraud"}, "pass_on": True}, agreed={"into": "agreed", "partners": 2})
    await a.block(BAD)
    await a.publish()
    for one in (b, c, b, a):
        await one.poll()
    assert await beliefs(three, BAD) == [["blocked"], ["from-a", "from-c"], ["from-a", "from-b"]]
    assert a.exchange.files("b").standing().left_out == {"echo": 1}
    assert {one.origin for one in b.giving.repository.state().values()} == {"a.example"}
    await b.block(BAD)  # of his own knowledge
    await b.publish()
    for one in (a, c):
        await one.poll()
    assert await c.believes(BAD) == ["agreed", "from-a", "from-b"]
    assert await c.listed("agreed") == {BAD: "agreed by a.example, b.example"}
    assert "agreed" not in await a.believes(BAD)  # of two words one is his own
    await b.release(BAD)
    await b.publish()
    await c.poll()
    assert "agreed" not in await c.believes(BAD)


async def test_one_who_makes_up_the_words_of_others_is_one_witness(three):
    a, b, c = three
    c.set(agreed={"into": "agreed", "partners": 2})
    b.giving.repository.publish(
        {
            (origin, BAD): entry
            for origin in ("x.example", "y.example", "z.example")
            for entry in [_made_up(BAD, origin)]
        },
        lambda _: "removed",
        "b.example",
    )
    await c.poll()
    assert await c.believes(BAD) == ["from-b"]
    await a.block(BAD)
    await a.publish()
    await c.poll()
    assert await c.believes(BAD) == ["agreed", "from-a", "from-b"]
    c.takes(a, holder="one and the same")
    c.takes(b, holder="one and the same")
    await c.poll()
    assert await c.believes(BAD) == ["from-a", "from-b"]


def _made_up(number, origin, hop=1):
    from rules.sharing.entries import SharedEntry

    days = ("2026-11-01", "2026-12-01", "2027-03-01")
    return SharedEntry(number, "fraud", "verified", *days, origin, 1, hop)


async def test_what_ours_contradicts_waits_for_a_person(three):
    a, b, _ = three
    await b.lists.add("allowed", BAD, Origin(author="li"))
    await b.lists.add("own", "+861701234*", Origin(author="li"))
    await a.block(BAD, WORSE, "+8617012399999")
    await a.publish()
    await b.poll()
    assert await beliefs((b,), BAD) == [["allowed", "own"]]
    waiting = b.exchange.files("a").standing().waiting
    assert waiting == {BAD: "it stands on allowed", WORSE: "it stands on own"}
    by = {"author": "li", "reason": "asked the owner"}
    await b.exchange.decide(b.lists, "a", WORSE, let=True, **by)
    await b.exchange.decide(b.lists, "a", BAD, let=False, **by)
    await b.poll()
    assert b.exchange.files("a").standing().waiting == {}
    assert await beliefs((b,), WORSE) == [["from-a", "own"]]
    assert await beliefs((b,), BAD) == [["allowed", "own"]]
    with pytest.raises(ExchangeError, match="does not wait"):
        await b.exchange.decide(b.lists, "a", BAD, let=True, **by)


async def test_one_goes_back_to_any_version_that_is_kept_and_on_again(three):
    a, b, _ = three
    for number in (BAD, WORSE):
        await a.block(number)
        await a.publish()
        await b.poll()
    by = {"author": "li", "reason": "they were wrong"}
    assert await b.exchange.go_back(b.lists, "a", 2, **by) == 2
    assert await beliefs((b,), WORSE) == [[]]
    await a.block("+8617012345680")
    await a.release(BAD)
    await a.publish()
    await b.poll()
    assert await b.listed("from-a") == {}  # a withdrawal beats a version that one went back to
    with pytest.raises(ExchangeError, match="there are 2, 3, 4"):
        await b.exchange.go_back(b.lists, "a", 9, **by)
    assert await b.exchange.go_back(b.lists, "a", 0, **by) == 4
    assert set(await b.listed("from-a")) == {WORSE, "+8617012345680"}


@pytest.mark.parametrize("by_command", [True, False])
async def test_of_a_partner_who_is_left_nothing_stays(three, by_command):
    a, b, _ = three
    b.set(agreed={"into": "agreed", "partners": 2})
    await a.block(BAD)
    await a.publish()
    await b.poll()
    by = {"author": "li", "reason": "enough"}
    if by_command:
        await b.exchange.leave(b.lists, "a", **by)
        left = {path.name for path in (b.folder / "partners/a").iterdir()}
        assert left <= {"standing.json", "standing.lock", "fetching"}
    else:
        b.set(partners={})
        await b.exchange.look(b.lists)
        assert {path.name for path in (b.folder / "partners").iterdir()} == {"lists.lock", "applied"}
    assert await b.listed("from-a") == {}
    assert await b.believes(BAD) == []
    await b.poll()
    assert await b.believes(BAD) == []
    if by_command:
        await b.exchange.join(b.lists, "a", **by)
        await b.poll()
        assert await b.believes(BAD) == ["from-a"]
        with pytest.raises(ExchangeError, match="not left"):
            await b.exchange.join(b.lists, "a", **by)


async def test_what_is_refused_leaves_all_as_it_was_and_is_told_until_it_is_right(three):
    a, b, _ = three
    await b.lists.add("own", "+861701234*", Origin(author="li"))
    b.takes(a, most_growth=50)
    await a.block(BAD[:-1] + "0", "+8618812345678")
    await a.publish()
    await b.poll()
    before = await b.listed("from-a")
    for refused, said in (
        (("+86170123*",), "our own numbers: +86170123*"),
        ([f"+86188{at:08}" for at in range(101)], "101 entries come to 2; `ringfence share fetch NAME --whole`"),
    ):
        version = b.exchange.files("a").standing().version
        await a.block(*refused)
        await a.publish()
        for _ in range(2):
            (told, _) = await b.poll()
            assert said in told.fault
            assert (told.version, await b.listed("from-a")) == (version, before)
        assert b.exchange.files("a").standing().since == a.clock.now
        await a.release(*refused)
        await a.publish()
        (told, _) = await b.poll()
        assert told.fault == ""
    await a.block(*(f"+86188{at:08}" for at in range(101)))
    await a.publish()
    (told, _) = await b.poll(whole=True)
    assert (told.fault, told.entries) == ("", 102)


async def test_who_takes_only_some_reasons_ranges_and_ends_gets_no_more(three):
    a, b, _ = three
    await a.block(BAD, "+8618812345678")
    await a.lists.add("dno", "+8618812345679", Origin(author="li"))
    await a.publish()
    for more, taken in (
        ({"reasons": ["do-not-originate"]}, {"+8618812345679"}),
        ({"ranges": ["+86188*"]}, {"+8618812345678", "+8618812345679"}),
        ({"ranges": ["+86188*"], "reasons": ["fraud"]}, {"+8618812345678"}),
        ({"ttl_days": 30}, {BAD, "+8618812345678", "+8618812345679"}),
    ):
        b.takes(a, **more)
        await b.poll()
        assert set(await b.listed("from-a")) == taken
    (entry,) = await b.lists.covering(BAD)
    assert entry.origin.expires == a.clock.now + 29.5 * 86_400  # noon to midnight
    b.clock.days(31)
    await b.poll()
    assert await b.listed("from-a") == {}
    assert "frozen" in b.exchange.files("a").standing().fault  # and he signed nothing for a month


async def test_a_partner_who_has_to_be_released_more_often_than_others_loses_weight_by_itself(three):
    a, b, c = three
    c.set(agreed={"into": "agreed", "partners": 2})
    wrong = [f"+861701234567{at}" for at in range(5)]
    await a.block(*wrong, "+8618812345678")
    await b.block("+8618812345678")
    for one in (a, b):
        await one.publish()
    for count, listed, agreed, weight in ((2, 4, 1, 1.0), (3, 0, 0, 0.335), (0, 6, 1, 1.0)):
        c.released = frozenset(wrong[:count])
        await c.poll()
        standing = c.exchange.files("a").standing()
        assert (standing.entries, len(await c.listed("agreed")), standing.left_of_weight) == (listed, agreed, weight)
        assert not set(wrong[:count]) & set(await c.listed("from-a"))
    await c.exchange.decide(c.lists, "a", wrong[0], let=False, author="li", reason="she rang me")
    await c.poll()
    assert wrong[0] not in await c.listed("from-a")


async def test_what_did_not_change_is_not_read_again_and_what_somebody_took_off_comes_back(three, monkeypatch):
    a, b, _ = three
    await a.block(BAD)
    await a.publish()
    await b.poll()
    counted, real = [], b.exchange.__class__._counted

    async def noted(self, lists):
        counted.append(self)
        return await real(self, lists)

    monkeypatch.setattr("ringfence.exchange.exchange.Exchange._counted", noted)
    for _ in range(3):
        await b.exchange.look(b.lists)
    assert counted == []
    await b.lists.remove_all("from-a", [BAD], author="li", reason="by mistake")
    await b.exchange.look(b.lists)
    assert await b.believes(BAD) == ["from-a"]
    before = len(counted)
    b.clock.days(1)
    await b.exchange.look(b.lists)
    assert len(counted) == before + 1  # entries end with a day


async def test_who_was_put_back_from_a_backup_is_refused_until_he_says_so(three):
    a, b, _ = three
    shutil.copytree(a.folder / "share", a.folder / "backup")
    for number in (BAD, WORSE):
        await a.block(number)
        await a.publish()
    await b.poll()
    shutil.rmtree(a.folder / "share")
    shutil.copytree(a.folder / "backup", a.folder / "share")
    await a.publish()
    (told, _) = await b.poll()
    assert (told.version, "older than what was seen" in told.fault) == (3, True)
    for role in ("timestamp", "snapshot", "targets"):
        a.giving.repository.rotate(role, a.folder / "root")
    (told, _) = await b.poll()
    assert "version 2 after 3" in told.fault
    assert (await a.giving.publish(a.lists, a.exchange, at_least=9)).version == 9
    (told, _) = await b.poll()
    assert (told.version, told.fault, set(await b.listed("from-a"))) == (9, "", {BAD, WORSE})
    await a.release(BAD)
    assert (await a.publish()).version == 10
    (told, _) = await b.poll()
    assert (told.version, set(await b.listed("from-a"))) == (10, {WORSE})


async def test_any_web_server_hands_the_files_out(three):
    a, b, _ = three

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=a.folder / "share")) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            b.takes(a, url=f"http://127.0.0.1:{server.server_port}", networks=["127.0.0.0/8"])
            for number in (BAD, WORSE):
                await a.block(number)
                await a.publish()
                (told, _) = await b.poll()
                assert told.fault == ""
            assert set(await b.listed("from-a")) == {BAD, WORSE}
            b.takes(a, url=f"http://127.0.0.1:{server.server_port}")
            (told, _) = await b.poll()
            assert "network that is not asked" in told.fault
        finally:
            server.shutdown()
            serving.join()
    b.takes(a, url=f"http://127.0.0.1:{server.server_port}", networks=["127.0.0.0/8"])
    (told, _) = await b.poll()
    assert "cannot be reached" in told.fault


async def test_a_release_counts_although_what_comes_beside_it_is_refused(three):
    a, b, _ = three
    await b.lists.add("own", "+861701234*", Origin(author="li"))
    await a.block("+8618812345678", "+8618812345679")
    await a.publish()
    await b.poll()
    await a.release("+8618812345678")
    await a.block("+86170123*")
    await a.publish()
    (told, _) = await b.poll()
    assert "our own numbers" in told.fault
    assert set(await b.listed("from-a")) == {"+8618812345679"}


@pytest.mark.parametrize("step", range(3))
async def test_a_look_that_is_killed_anywhere_is_put_right_by_the_next(three, monkeypatch, step):
    a, b, c = three
    for one in (a, c):
        await one.block(BAD)
        await one.publish()
    b.set(agreed={"into": "agreed", "partners": 2})
    await b.poll()
    for one in (a, c):
        await one.release(BAD)
        await one.block(WORSE)
        await one.publish()
    calls, real = [], b.exchange.__class__._write

    async def killed(self, *given):
        calls.append(given)
        if len(calls) > step:
            raise KeyboardInterrupt
        return await real(self, *given)

    with monkeypatch.context() as patched:
        patched.setattr("ringfence.exchange.exchange.Exchange._write", killed)
        with pytest.raises(KeyboardInterrupt):
            await b.exchange.look(b.lists)
    await b.exchange.look(b.lists)
    assert await b.believes(BAD) == []
    assert await b.believes(WORSE) == ["agreed", "from-a", "from-c"]


async def test_what_is_withdrawn_goes_before_all_else_is_made_anew(three, monkeypatch):
    a, b, _ = three
    await a.block(BAD, WORSE)
    await a.publish()
    await b.poll()
    await a.release(BAD)
    await a.publish()

    async def busy(self, lists):
        assert await b.believes(BAD) == []
        assert await b.believes(WORSE) == ["from-a"]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ringfence.exchange.exchange.Exchange._counted", busy)
        with pytest.raises(KeyboardInterrupt):
            await b.exchange.look(b.lists)
    gone = [one for one in await happenings(b.lists, BAD) if one.what == "removed"]
    assert [(one.author, one.reason) for one in gone] == [("partner a", "withdrawn")]
