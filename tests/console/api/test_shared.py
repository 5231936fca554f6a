"""Single consumers ask by the beginning of a hash, and nobody learns which number was meant."""

import re
from pathlib import Path

import httpx
import pytest

from ringfence.people.rights import Right
from rules.sharing.entries import SharedEntry
from rules.sharing.hashes import Shelves, hash_of
from tests.console.built import _paths


def entry(number):
    return SharedEntry(number, "fraud", "verified", "2026-11-01", "2026-12-01", "2027-03-01", "a.example", 1, 0)


class Given:
    """What is given, without files."""

    async def shelves(self):
        return Shelves(7, [entry("+8617012345678"), entry("+861380*")])


@pytest.fixture
async def asker(office):
    _paths().state.shelving = Given()
    return await office.client(Right.SHARED_ASK)


async def test_what_begins_so_is_told_and_may_be_kept(asker):
    told = hash_of("+8617012345678")
    found = await asker.get(f"/v1/shared/prefix/{told[:5]}")
    assert found.json() == {"version": 7, "numbers": [{"hash": told, "reason": "fraud", "strength": "verified"}]}
    assert (found.headers["cache-control"], found.headers["etag"]) == ("public, max-age=300", '"7"')
    assert (await asker.get("/v1/shared/prefix/0000")).json() == {"version": 7, "numbers": []}
    ranges = await asker.get("/v1/shared/ranges")
    assert ranges.json()["ranges"] == [{"number": "+861380*", "reason": "fraud", "strength": "verified"}]
    for path in (f"/v1/shared/prefix/{told[:4]}", "/v1/shared/ranges"):
        same = await asker.get(path, headers={"If-None-Match": '"6", W/"7"'})
        assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize("prefix", ["abc", "abcdef", "ABCD", "%2B8617012345678", hash_of("+8617012345678")])
async def test_who_would_tell_which_number_he_means_is_not_heard(asker, prefix):
    assert (await asker.get(f"/v1/shared/prefix/{prefix}")).status_code == 422


async def test_only_who_may_and_only_where_something_is_given(office, asker):
    other = await office.client(Right.LISTS_READ, name="other")
    assert (await other.get("/v1/shared/ranges")).status_code == 403
    assert (await office.asking().get("/v1/shared/ranges")).status_code == 401
    _paths().state.shelving = None
    assert (await asker.get("/v1/shared/ranges")).status_code == 404


def test_the_client_of_the_book_works():
    book = (Path(__file__).resolve().parents[3] / "docs/sharing.md").read_text()
    code = re.search(r"```python\n(.*?)```", book, re.DOTALL)[1]
    told = hash_of("+8617012345678")
    answers = {
        f"/v1/shared/prefix/{told[:5]}": {"numbers": [{"hash": told, "reason": "fraud"}]},
        "/v1/shared/ranges": {"ranges": [{"number": "+861380*", "reason": "forged"}]},
    }

    def answer(request):
        return httpx.Response(200, json=answers.get(request.url.path, {"numbers": []}))

    made = {}
    exec(code, made)
    with httpx.Client(base_url="https://api.example", transport=httpx.MockTransport(answer)) as api:
        asked = ("+8617012345678", "+8613800138000", "+12025550123")
        assert [made["reason"](number, api) for number in asked] == ["fraud", "forged", None]
    made["reason"].__defaults__[0].close()
