"""Heads are stamped by an authority, whose answers are verified when they come, and each time the audit is."""

import json
import sqlite3
import time
from contextlib import closing

import pytest

from ringfence import stamping
from ringfence.anchoring import NotNoted, note_heads
from ringfence.audits import verify
from ringfence.configuration import load_configuration
from ringfence.installation import Installation
from rules.audit.anchors import anchor, read_anchor_file, stamped
from rules.language.source import RuleError
from rules.lists.origins import Origin
from tests.ringfence.time_stamp_authority import authority


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    with authority(tmp_path_factory.mktemp("tsa") / "here") as ours:
        yield ours


@pytest.fixture
def stamps(tmp_path):
    return tmp_path / "stamps"


@pytest.fixture
def noting(file, tsa, stamps):
    """An installation whose heads are stamped."""
    was, usual = file.read_text(), tsa.answer

    def made(**more):
        wanted = {"anchors": {"authority": tsa.settings(stamps, **more)}}
        file.write_text(f"{was}audit: {json.dumps(wanted)}\n")
        return Installation.open(file)

    yield made
    tsa.answer = usual


async def note(here):
    return await note_heads(here, here.keys.audit, time.time())


async def test_heads_are_stamped_and_held_against_the_chains(noting, stamps):
    async with noting() as here:
        lists = await here.lists()
        for number in ("+8613912345678", "+8613912345679"):
            await lists.add("blocked", number, Origin(author="li"))
            await note(here)
        found = await verify(here)
        assert (found.broken, found.stamps.stamps) == ([], 2)
        assert [one.number for one in found.stamps.heads["lists"]] == [1, 2]
        assert read_anchor_file(stamps, here.keys.audit).anchors == 2, "a stamp is an anchor as well"
        assert stamps.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(here.database)) as other, other:
        other.executescript(
            "drop trigger step_stays; delete from step where id = 2; update sqlite_sequence set seq = 1 "
            "where name = 'step'; create trigger step_stays before delete on step begin select raise(abort, "
            "'steps are never deleted'); end"
        )
    async with noting() as here:
        broken, *standing = (await verify(here)).broken
        assert broken.startswith("lists: entry 2: the head that was noted and stamped 20")
        assert broken.endswith("is gone: the chain ends with entry 1")
        assert len(standing) == 2, "a number stands on the list, which no entry says"


async def test_what_the_authority_did_not_stamp_is_not_kept(noting, tsa, stamps):
    async def said(answer, **more):
        tsa.answer = answer
        async with noting(**more) as here:
            with pytest.raises(NotNoted) as refused:
                await note(here)
        return str(refused.value)

    kept = []

    def two(handler, query):
        kept.append(tsa.stamp(query))
        handler.reply(kept[0])

    usual = tsa.answer
    tsa.answer = two
    async with noting() as here:
        await note(here)
    stamps.unlink()
    assert "it cannot be believed: Nonce mismatch" in await said(two), "an answer to another question"
    tsa.answer = usual
    assert "it answered 500 text/html" in await said(lambda handler, _: handler.reply(b"no", 500, "text/html"))
    assert "it answered 200 text/html" in await said(lambda handler, _: handler.reply(b"<p>", kind="text/html"))
    assert "is no time-stamp" in await said(lambda handler, _: handler.reply(b"\x30\x03\x02\x01\x00"))
    assert "is no time-stamp" in await said(lambda handler, _: handler.reply(b""))
    assert "larger than 32,768 octets" in await said(lambda handler, _: handler.reply(bytes(40_000)))
    refused = b"\x30\x05\x30\x03\x02\x01\x02"
    assert "it refused: status 2" in await said(lambda handler, _: handler.reply(refused))
    assert "longer than 0.2 s" in await said(lambda *_: time.sleep(0.6), wait_s=0.2)
    assert "it cannot be asked" in await said(usual, url="http://127.0.0.1:9/")
    assert not stamps.exists()


async def test_one_whom_the_certificate_does_not_vouch_for_is_not_believed(noting, tsa, stamps, tmp_path):
    with authority(tmp_path / "other") as other:
        async with noting(url=other.url) as here:
            with pytest.raises(NotNoted, match="it cannot be believed"):
                await note(here)
    async with noting(certificate=str(tsa.folder / "signer.pem")) as here:
        with pytest.raises(NotNoted, match="no certificate in it is a root"):
            await note(here)
    assert not stamps.exists()


async def test_one_whose_clock_is_wrong_is_told(noting, monkeypatch):
    monkeypatch.setattr(stamping, "CLOCKS_APART_S", -1.0)
    async with noting() as here:
        with pytest.raises(NotNoted, match="its clock and ours are"):
            await note(here)


async def test_what_was_put_into_the_file_of_stamps_by_hand_is_found(noting, tsa, stamps):
    """Somebody who has the key makes anchors as he likes; he has no stamps for them."""
    async with noting() as here:
        await (await here.lists()).add("blocked", "+8613912345678", Origin(author="li"))
        line = await note(here)
        key = here.keys.audit
        token = stamps.read_text().partition('"token": "')[2].rstrip('"}\n')
        before = stamps.read_text()
        other = anchor({"lists": f"1:{'0' * 64}"}, key, time.time())
        stamps.write_text(f'{before}{other[:-1]}, "token": "{token}"}}\n')
        broken = (await verify(here)).broken
        assert any("is not the authority's: it cannot be believed: Mismatch between messages" in one for one in broken)
        stamps.write_text(f'{before}{line}\n{line[:50]}\n{line[:-1]}, "token": "{token[:99]}\n')
        found = await verify(here)
        assert (found.broken, found.stamps.stamps, found.stamps.unread) == ([], 1, 2), "cut short by a crash"
        hash_ = line.rpartition("1:")[2][:64]
        backdated = anchor({"lists": f"1:{hash_}"}, key, 0.0)
        request = stamping_of(backdated)
        stamps.write_text(f"{stamped(backdated, tsa.stamp(request))}\n")
        (broken,) = (await verify(here)).broken
        assert broken.startswith("the heads that say they were noted 1970-01-01T00:00:00Z were stamped 20")
        stamps.unlink()
        assert (await verify(here)).stamps.stamps == 0


def stamping_of(line):
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    return TimestampRequestBuilder().data(line.encode()).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()


async def test_a_configuration_whose_certificate_cannot_be_read_is_refused(file, tsa, stamps):
    wanted = {"anchors": {"authority": tsa.settings(stamps, certificate="nowhere.pem")}}
    file.write_text(f"{file.read_text()}audit: {json.dumps(wanted)}\n")
    with pytest.raises(RuleError, match=r"nowhere\.pem can't be read"):
        load_configuration(file)
