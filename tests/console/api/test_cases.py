"""Cases over HTTP: from the first complaint to the seal and back, each step by one officer and one version."""

import asyncio

import pytest

from ringfence.people.rights import Right
from rules.audit.chain import entries
from rules.lists.ledger_imports import LedgerWishes, import_ledger
from rules.lists.origins import Origin, Qualification
from tests.console.api.conftest import COMPLAINT
from tests.desk.town import DAY, SPAM, Town

BANK = Origin("contract", qualification=Qualification("l", "d", "p", "", 9e9, "Bank", "wang"))


async def step(client, name: str, **body) -> dict:
    done = await client.post(f"/v1/cases/1/{name}", json=body)
    assert done.status_code == 200, done.text
    return done.json()


async def test_from_complaint_to_seal_and_back(client, town):
    await client.post("/v1/complaints", json=COMPLAINT)
    (listed,) = (await client.get("/v1/cases")).json()["cases"]
    assert (listed["state"], listed["complaints"], listed["due"]["name"]) == ("collecting", 1, "accept")
    assert (await step(client, "take"))["case"]["state"] == "verifying"
    assert (await step(client, "verify", found_by="owner", reason="he said so"))["case"]["version"] == 3
    sealed = await step(client, "seal", reason="five reporters", version=3)
    assert sealed["never_called"] is True
    assert sealed["seal"] == sealed["case"]["seal"] == 1
    assert (await client.get("/v1/numbers/%2B8695012345")).json()["seal"] == {"id": 1, "case": 1}
    assert (await step(client, "release", reason="wrong"))["case"]["state"] == "released"
    story = (await client.get("/v1/cases/1")).json()
    assert [event["what"].split(" ")[0].strip(":") for event in story["events"]][1:] == [
        *("take", "verify", "seal", "release")
    ]
    assert {event["who"] for event in story["events"][1:]} == {"li"}
    assert story["evidence"]["counted"] == 1
    assert {clock["standing"] for clock in story["clocks"]} == {"met"}


async def test_a_seal_names_what_it_suspends_and_a_release_gives_it_back(client, town):
    await town.desk.archive.lists.add("allowed", "95012345", BANK, country="CN")
    await town.verified()
    sealed = await step(client, "seal", reason="x")
    assert sealed["suspended"] == [{"list": "allowed", "entry": "CN:95******", "owner": "Bank"}]
    restored = await step(client, "release", reason="x")
    assert restored["restored"] == sealed["suspended"]


async def test_what_older_lists_know_nothing_of_is_done_again(office, client, town):
    await town.verified()
    await step(client, "seal", reason="x")
    lists = town.desk.archive.lists.store
    async with lists.transaction() as connection:
        await connection.execute("delete from exact")
        await connection.execute("delete from seal")
    assert (await step(client, "seal-again", reason="put back"))["case"]["state"] == "sealed"
    needless = await client.post("/v1/cases/1/seal-again", json={"reason": "put back"})
    assert (needless.status_code, needless.json()["type"]) == (409, "urn:ringfence:problem:conflict")
    await step(client, "release", reason="x")
    async with lists.transaction() as connection:
        await connection.execute("update seal set released = null")
    sealer = await office.client(Right.SEALS_WRITE, name="sealer")
    assert (await sealer.post("/v1/cases/1/release-again", json={"reason": "put back"})).status_code == 403
    assert (await step(client, "release-again", reason="put back"))["case"]["state"] == "released"


async def test_two_officers_at_once(office, town):
    li, wang = await office.client(acts_as="li"), await office.client(name="other", acts_as="wang")
    await town.complain()
    both = await asyncio.gather(*(one.post("/v1/cases/1/take", json={"version": 1}) for one in (li, wang)))
    assert sorted(answer.status_code for answer in both) == [200, 409]
    done = next(answer for answer in both if answer.status_code == 200).json()
    told = next(answer for answer in both if answer.status_code == 409).json()
    assert told["type"] == "urn:ringfence:problem:conflict"
    assert told["who"] == done["case"]["last_actor"]
    assert told["when"] == "2026-07-01T04:00:00Z"


async def test_the_version_may_come_as_if_match(client, town):
    await town.complain()
    tag = (await client.get("/v1/cases/1")).headers["etag"]
    assert tag == '"1"'
    late = await client.post("/v1/cases/1/take", json={}, headers={"If-Match": '"7"'})
    assert late.status_code == 409
    both = await client.post("/v1/cases/1/take", json={"version": 1}, headers={"If-Match": '"2"'})
    assert [one["field"] for one in both.json()["errors"]] == ["/version"]
    odd = await client.post("/v1/cases/1/take", json={}, headers={"If-Match": "*"})
    assert odd.status_code == 422
    done = await client.post("/v1/cases/1/take", json={}, headers={"If-Match": tag})
    assert done.status_code == 200


async def test_no_path_leads_to_a_seal_without_a_persons_verification(client, town):
    await town.complain()
    early = await client.post("/v1/cases/1/seal", json={"reason": "x"})
    assert early.status_code == 409
    assert "collecting" in early.json()["detail"]


async def test_a_case_is_closed_as_unfounded_forged_or_handed_over_and_answered(client, town):
    await town.complain("95012340")
    await town.complain("95012341")
    await town.complain("95012342")
    assert (await step(client, "unfounded", reason="nothing"))["case"]["state"] == "unfounded"
    await client.post("/v1/cases/2/take", json={})
    nowhere = await client.post("/v1/cases/2/forged", json={"reason": "spoofed"})
    assert [one["field"] for one in nowhere.json()["errors"]] == ["/trunk"]
    forged = (await client.post("/v1/cases/2/forged", json={"reason": "spoofed", "trunk": "carrier"})).json()
    assert forged["case"]["trunk"] == "carrier"
    assert (await client.get("/v1/trunks")).json()["trunks"][0]["forged"] == 1
    handed = (await client.post("/v1/cases/3/hand-over", json={"to": "Other Telecom"})).json()
    assert handed["case"]["state"] == "handed over"
    assert handed["file"].startswith("case,complaint,number,")
    answered = (await client.post("/v1/cases/3/answer", json={"answer": "cut off"})).json()
    assert answered["case"]["their_answer"] == "cut off"


async def test_a_seal_stays_after_a_withdrawal_until_a_person_says(client, town):
    reference = (await town.complain()).reference
    await client.post("/v1/cases/1/take", json={})
    await step(client, "verify", found_by="owner", reason="x")
    await step(client, "seal", reason="x")
    await town.desk.complaints.withdraw(reference, actor="app")
    (top,) = (await client.get("/v1/cases", params={"state": "sealed"})).json()["cases"]
    assert top["on_top"]
    assert (await step(client, "keep", reason="others stand"))["case"]["on_top"] == ""


async def test_pages_stay_whole_while_cases_move(client, town):
    for digit in range(4):
        await town.complain(f"9501333{digit}")
        town.now += DAY
    first = (await client.get("/v1/cases", params={"limit": 2})).json()
    await client.post("/v1/cases/1/take", json={})
    rest = (await client.get("/v1/cases", params={"limit": 5, "cursor": first["next"]})).json()
    assert [one["id"] for one in first["cases"]] == [1, 2]
    assert sorted(one["id"] for one in rest["cases"]) == [1, 3, 4]  # nobody is skipped; 1 waits for its next deadline


async def test_a_cursor_that_no_page_gave(client):
    for cursor in ("x", "!!", "W10", "WzFd", "W3RydWUsMWU5OTk5LDFd", "W1tbW1tb"):
        answer = await client.get("/v1/cases", params={"cursor": cursor})
        assert [one["field"] for one in answer.json()["errors"]] == ["cursor"]


async def test_the_complaints_of_a_case(client, town):
    await client.post("/v1/complaints", json=COMPLAINT)
    (one,) = (await client.get("/v1/cases/1/complaints")).json()["complaints"]
    assert (one["case"], one["tie"], one["never_called"]) == (1, "untied", True)
    assert (await client.get("/v1/cases/9/complaints")).status_code == 404


async def test_who_may_do_what(office, town):
    await town.complain()
    reader, writer = await office.client(Right.CASES_READ), await office.client(Right.CASES_WRITE, name="writer")
    assert (await reader.get("/v1/cases")).status_code == 200
    assert (await reader.post("/v1/cases/1/take", json={})).status_code == 403
    assert (await writer.post("/v1/cases/1/take", json={})).status_code == 200
    assert (await writer.post("/v1/cases/1/verify", json={"found_by": "owner", "reason": "x"})).status_code == 200
    lacking = await writer.post("/v1/cases/1/seal", json={"reason": "x"})
    assert lacking.status_code == 403
    assert 'scope="seals:write"' in lacking.headers["www-authenticate"]


async def test_officers_and_releasers_are_those_of_the_configuration(tmp_path, office):
    town = office.town
    await town.reopen(officers=["li", "wang"], released_by=["wang"])
    await office.reopen()
    guest, li = await office.client(name="guest"), await office.client(name="a", acts_as="li")
    wang = await office.client(name="b", acts_as="wang")
    await town.verified()
    assert (await guest.post("/v1/cases/1/seal", json={"reason": "x"})).status_code == 403
    assert (await li.post("/v1/cases/1/seal", json={"reason": "x"})).status_code == 200
    refused = await li.post("/v1/cases/1/release", json={"reason": "x"})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:ringfence:problem:not-allowed")
    assert (await wang.post("/v1/cases/1/release", json={"reason": "x"})).status_code == 200


async def test_a_list_that_this_officer_may_not_change(office, town: Town):
    locked = town.desk.archive.lists.settings["sealed"].model_copy(update={"changed_by": ["wang"]})
    town.desk.archive.lists.settings["sealed"] = locked
    client = await office.client(acts_as="li")
    await town.verified()
    assert (await client.post("/v1/cases/1/seal", json={"reason": "x"})).status_code == 403
    assert (await client.get("/v1/cases/1")).json()["case"]["state"] == "verified"


async def test_a_case_goes_to_the_holder_that_the_ledger_names(client, town):
    await town.complain("95013333")
    nobody = await client.post("/v1/cases/1/hand-over", json={})
    assert (nobody.status_code, nobody.json()["errors"][0]["field"]) == (422, "/to")
    lines = [(1, "95012", {"holder": "East Telecom"})]
    await import_ledger(town.desk.archive.lists.store, lines, LedgerWishes("x", country="CN"), now=town.now)
    await town.complain("95012345")
    handed = await client.post("/v1/cases/2/hand-over", json={"reason": "theirs"})
    assert handed.json()["case"]["handed_to"] == "East Telecom"


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("/v1/cases", ("case", "", "listed")),
        ("/v1/cases/1", ("case", "1", "looked at")),
        ("/v1/cases/1/complaints", ("complaint", "", "listed")),
        ("/v1/complaints?about=95012345", ("complaint", "", "listed")),
        ("/v1/complaints/C", ("complaint", "C", "looked at")),
        ("/v1/complaints/C/words", ("complaint", "C", "words read")),
        ("/v1/appeals", ("appeal", "", "listed")),
        ("/v1/appeals/A", ("appeal", "A", "words read")),
        ("/v1/appeals/A/evidence", ("appeal", "A", "exported")),
        ("/v1/numbers/95012345", ("number", "P", "searched")),
        ("/v1/ladder", ("ladder", "", "listed")),
    ],
)
async def test_whoever_is_shown_numbers_or_words_stands_in_the_audit(client, town, path, step):
    names = {
        "C": (await town.complain(text="he shouted")).reference,
        "A": (await town.desk.appeals.file(number=SPAM, attacks="rule")).reference,
        "P": town.desk.archive.secrecy.pseudonym(SPAM),
    }
    await town.desk.ladder.climb("owner", "Loan King", actor="li", reason="x")
    answer = await client.get("/".join(names.get(part, part) for part in path.split("/")))
    assert answer.status_code == 200
    (entry,) = await entries(town.desk.archive.store.connection, limit=1)
    subject, about, done = step
    deed = entry.deed
    assert (deed.actor, deed.subject, deed.subject_id, deed.step) == ("li", subject, names.get(about, about), done)
    if done == "listed":
        assert deed.detail.startswith("1 shown")
        assert "95012345" not in deed.detail
