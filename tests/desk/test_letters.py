"""Letters: nobody gets one who did not confirm his address, but for one request to do so."""

import os
from pathlib import Path

import pytest

from desk.complaint_rows import find
from desk.faults import ComplaintError, NotFound
from desk.letter_texts import read_texts
from desk.letters import contact_key
from desk.outbox import ran_out
from desk.states import Attacks, FoundBy
from rules.audit.chain import deeds_of
from tests.desk.town import DAY, SPAM, Town


async def kinds(town):
    return [(letter.kind, letter.to) for letter in await town.desk.letters.waiting()]


async def code_in(town):
    (letter,) = [one for one in await town.desk.letters.waiting() if one.kind == "confirm"]
    await town.desk.letters.sent(letter.id)
    return letter.body.split("确认码：")[1].splitlines()[0]


async def test_an_answer_waits_until_the_address_is_confirmed(town):
    filed = await town.complain(contact="A@example.com", text="${reason} $code {{x}}")
    code = await code_in(town)
    await town.desk.cases.close_unfounded(filed.case_id, actor="li", reason="a wrong number")
    assert await kinds(town) == []
    with pytest.raises(ComplaintError, match="code"):
        await town.desk.letters.confirm(filed.reference, "0000000000")
    await town.desk.letters.confirm(filed.reference.lower(), f" {code.lower()} ")
    (letter,) = await town.desk.letters.waiting()
    assert (letter.kind, letter.to, letter.subject) == ("answer", "A@example.com", f"您的举报 {filed.reference}")
    assert "对 95012345 的举报" in letter.body
    assert "未发现该号码存在问题。理由：a wrong number" in letter.body
    await town.desk.letters.sent(letter.id)
    assert await kinds(town) == []


async def test_an_address_is_asked_once_however_often_it_is_named(town):
    for person in range(5):
        await town.complain(reporter=town.subscriber(person), contact="victim@example.com")
    assert await kinds(town) == [("confirm", "victim@example.com")]
    code = await code_in(town)
    filed = await town.complain(reporter="13800139999", contact="victim@example.com")
    await town.desk.letters.confirm(filed.reference, code)
    town.now += DAY
    await town.complain(reporter="13800139999", contact="victim@example.com")
    assert await kinds(town) == []


async def test_owners_and_appellants_hear_too(town):
    await town.reopen(language="en")
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await town.desk.letters.set_owner("Loan King", "king@example.com", actor="li", confirmed=True)
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five people said so")
    (letter,) = await town.desk.letters.waiting()
    assert (letter.kind, letter.to, letter.subject) == ("owner", "king@example.com", "Your number 95012345")
    assert "Reason: five people said so" in letter.body
    appeal = await town.desk.appeals.file(number=SPAM, contact="king@example.com")
    await town.desk.appeals.grant(appeal.reference, actor="wang", reason="it was forged")
    letters = {(one.kind, one.to): one.body for one in await town.desk.letters.waiting()}
    assert "Reason: it was forged" in letters["appeal", "king@example.com"]
    assert len(await town.desk.letters.waiting()) == 3


async def test_an_appellant_confirms_as_well(town):
    appeal = await town.desk.appeals.file(number=SPAM, attacks=Attacks.RULE, contact="b@example.com")
    await town.desk.letters.confirm(appeal.reference, await code_in(town))
    await town.desk.appeals.refuse(appeal.reference, actor="li", reason="x")
    assert await kinds(town) == [("appeal", "b@example.com")]


async def test_a_rejected_complaint_is_answered(town):
    filed = await town.complain(contact="a@example.com")
    await town.desk.letters.confirm(filed.reference, await code_in(town))
    await town.desk.complaints.reject(filed.reference, actor="li", reason="no call")
    (letter,) = await town.desk.letters.waiting()
    assert "未予受理。理由：no call" in letter.body


async def test_what_the_other_operator_answered_is_told_and_what_an_owner_admitted_is_not(town):
    await town.reopen(language="en")
    handed = await town.complain("95013333", contact="a@example.com")
    sealed = await town.complain(contact="a@example.com")
    await town.desk.letters.confirm(
        handed.reference, town.desk.letters.code_of(contact_key(town.desk.archive, "a@example.com"))
    )
    await town.desk.cases.hand_over(handed.case_id, actor="li", to="Other Telecom")
    await town.desk.cases.their_answer(handed.case_id, actor="li", answer="the line is closed, $code ${x}")
    await town.desk.cases.take(sealed.case_id, actor="li")
    await town.desk.cases.verify(sealed.case_id, actor="li", found_by=FoundBy.OWNER, reason="he admitted it")
    await town.desk.cases.seal(sealed.case_id, actor="li", reason="he admitted it")
    _, first, second = await town.desk.letters.waiting()
    assert "has answered: the line is closed, $code ${x}" in first.body
    assert "stopped it" in second.body
    assert "admitted" not in second.body


async def test_an_owner_hears_of_each_step_its_own_reason(town):
    await town.reopen(language="en")
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await town.desk.letters.set_owner("Loan King", "king@example.com", actor="li", confirmed=True)
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five people said so")
    await town.desk.cases.release(case, actor="li", reason="it was forged")
    sealed, released = await town.desk.letters.waiting()
    assert "Reason: five people said so" in sealed.body
    assert "Reason: it was forged" in released.body


async def test_whoever_asks_hears_what_the_letter_says(town):
    await town.reopen(language="en")
    letters, connection = town.desk.letters, town.desk.archive.store.connection

    async def told(filed):
        return await letters.told(await find(connection, filed.reference))

    sealed, taken = await town.complain(contact="a@example.com"), await town.complain(reporter="13800138001")
    assert await told(sealed) == ("", "")
    await town.desk.complaints.withdraw(taken.reference, actor="reporter")
    await town.desk.cases.take(sealed.case_id, actor="li")
    await town.desk.cases.verify(sealed.case_id, actor="li", found_by=FoundBy.OWNER, reason="he admitted it")
    assert await told(sealed) == ("", ""), "it is accepted, not answered"
    await town.desk.cases.seal(sealed.case_id, actor="li", reason="he admitted it")
    outcome, answer = await told(sealed)
    assert (outcome, answer) == (
        "sealed",
        "We found that the calls did come from this number, and stopped it. Calls from it no longer get through.",
    )
    code = (await letters.waiting())[0].body.split("code: ")[1].split()[0]
    await letters.confirm(sealed.reference, code)
    assert answer in (await letters.waiting())[1].body
    assert await told(taken) == ("", ""), "it was withdrawn"
    await town.desk.cases.release(sealed.case_id, actor="li", reason="x")
    assert await told(sealed) == ("released", "The number is no longer stopped. Calls from it get through again.")
    other = await town.complain("95013333")
    await town.desk.cases.close_unfounded(other.case_id, actor="li", reason="a wrong number, ${code}")
    assert (await told(other)).answer.endswith("Reason: a wrong number, ${code}")
    handed, rejected = await town.complain("95014444"), await town.complain("95015555")
    await town.desk.cases.hand_over(handed.case_id, actor="li", to="Other Telecom")
    assert (await told(handed)).answer == "", "the other operator has not answered"
    await town.desk.cases.their_answer(handed.case_id, actor="li", answer="the line is closed")
    answered = "The operator responsible for the number has answered: the line is closed"
    assert await told(handed) == ("handed over", answered)
    await town.desk.complaints.reject(rejected.reference, actor="li", reason="no call")
    assert await told(rejected) == ("rejected", "We could not accept your complaint. Reason: no call")


async def test_what_is_wrong_is_named(town, tmp_path):
    await town.complain(contact="13800138000")
    assert await kinds(town) == [], "a number gets no mail"
    with pytest.raises(NotFound):
        await town.desk.letters.confirm("C-00000-00000", "1")
    for address in (
        "nowhere",
        "",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "13800138000",
    ):
        with pytest.raises(ComplaintError, match="e-mail"):
            await town.desk.letters.set_owner("Loan King", address, actor="li", confirmed=True)
        if address and address != "13800138000":
            with pytest.raises(ComplaintError, match="one e-mail address"):
                await town.desk.appeals.file(number=SPAM, attacks=Attacks.SEAL, contact=address)
    (tmp_path / "own.yaml").write_text("confirm: {subject: x}\n")
    with pytest.raises(ComplaintError, match="letter confirm needs a subject and a body"):
        read_texts("en", tmp_path / "own.yaml")
    for language in ("en", "zh"):
        assert set(read_texts(language, None)["outcomes"]) >= {"sealed", "released", "granted", "handed over"}


@pytest.mark.parametrize(
    ("content", "what"), [(b"confirm: a: b", "is no YAML: mapping values"), (b"\xff", "cannot be read as UTF-8")]
)
async def test_an_operators_own_texts_that_cannot_be_read_open_no_desk(tmp_path, content, what):
    (tmp_path / "own.yaml").write_bytes(content)
    with pytest.raises(ComplaintError, match=what):
        await Town(tmp_path).open(letters=tmp_path / "own.yaml")
    (tmp_path / "own.yaml").unlink()
    with pytest.raises(ComplaintError, match=r"own\.yaml"):
        await Town(tmp_path).open(letters=tmp_path / "own.yaml")


async def test_an_owners_address_is_asked_too_unless_an_officer_did(town):
    await town.reopen(officers=["li"], language="en")
    letters = town.desk.letters
    await town.desk.ladder.assign(SPAM, owner="Clever Loans", actor="li")
    with pytest.raises(ComplaintError, match="officer"):
        await letters.set_owner("Clever Loans", "old@example.com", actor="zhang", confirmed=True)
    assert await letters.set_owner("clever loans", "old@example.com", actor="li", confirmed=False) == (
        *("Clever Loans", False),
    )
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="x")
    (asked,) = await letters.waiting()
    assert (asked.kind, asked.to) == ("confirm", "old@example.com")
    assert "about Clever Loans" in asked.body
    code = asked.body.split("code: ")[1].split()[0]
    await letters.set_owner("Clever Loans", "new@example.com", actor="li", confirmed=False)
    assert await kinds(town) == [("confirm", "new@example.com")], "nothing goes to the old one any more"
    with pytest.raises(ComplaintError, match="code"):
        await letters.confirm_owner("Clever Loans", code)
    code = (await letters.waiting())[0].body.split("code: ")[1].split()[0]
    assert await letters.confirm_owner("CLEVER loans", code.lower()) == "Clever Loans"
    assert ("owner", "new@example.com") in await kinds(town), "what waited goes to the new one"
    with pytest.raises(NotFound):
        await letters.confirm_owner("A Bakery", code)
    (deed, _) = await deeds_of(town.desk.archive.store.connection, "owner", "Clever Loans")
    assert (deed.actor, deed.step, "example" in repr(deed)) == ("li", "address set", False)
    known = await letters.set_owner("A Bakery", "new@example.com", actor="li", confirmed=False)
    assert known.confirmed, "whoever confirmed it once is not asked again"


def test_texts_of_letters_without_end_and_what_is_no_file_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero"), tmp_path):
        with pytest.raises(ComplaintError, match="is no file"):
            read_texts("en", path)
    (tmp_path / "long").write_text("x" * 1_000_001)
    with pytest.raises(ComplaintError, match="more than 1,000,000 characters"):
        read_texts("en", tmp_path / "long")


async def test_a_code_says_until_when_it_counts_and_an_officer_sends_another(town):
    await town.reopen(language="en", code_days=14, officers=["li"], letterhead={"confirm": "enter it at the counter"})
    letters = town.desk.letters
    filed = await town.complain(contact="a@example.com")
    (asked,) = await letters.waiting()
    assert "If it was you, enter it at the counter. The code is valid until 15 July 2026." in asked.body
    await letters.sent(asked.id)
    code = asked.body.split("code: ")[1].split()[0]
    town.now += 14 * DAY
    assert not await ran_out(town.desk.archive, contact_key(town.desk.archive, "a@example.com")), "the day ends it"
    town.now += DAY
    with pytest.raises(ComplaintError, match="run out"):
        await letters.confirm(filed.reference, code)
    with pytest.raises(ComplaintError, match="officer"):
        await letters.ask(filed.reference, actor="zhang")
    assert await letters.ask(filed.reference, actor="li")
    (again,) = await letters.waiting()
    assert "30 July 2026" in again.body
    await letters.sent(again.id)
    await letters.confirm(filed.reference, code)
    assert not await letters.ask(filed.reference, actor="li"), "it is confirmed"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            ["This is North Telecom", "until 30 August 2026: reply to this letter", "within 24 hours", "Tel. 10086"],
        ),
        (
            "zh",
            [
                "2026年8月30日 之前提出申诉",
                "直接回复本邮件",
                "24小时 内作出答复",
                "敬礼！\n\nNorth Telecom\nTel. 10086\n2026年7月1日",
            ],
        ),
    ],
)
async def test_a_letter_says_who_writes_and_how_to_appeal_until_when(town, language, expected):
    await town.reopen(language=language, letterhead={"name": "North Telecom", "contact": ["Tel. 10086"]})
    await town.desk.ladder.assign(SPAM, owner="Loan King", actor="li")
    await town.desk.letters.set_owner("Loan King", "king@example.com", actor="li", confirmed=True)
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five people said so")
    await town.complain("95013333", contact="a@example.com")
    owner, asked = await town.desk.letters.waiting()
    for part in expected:
        assert part in owner.body + asked.body
    assert not any(f"${name}" in owner.body + asked.body for name in ("who", "appeal", "signature", "date"))
    assert "\n\n\n" not in owner.body + asked.body


HINTS = "li and Ms Wang (13812345678, w@example.com), 王女士 of CALL  HOUSE, told Zhang San and Zhou Min; a client"


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_officers_reason_leaves_without_a_number_or_a_name(town, language):
    await town.reopen(language=language, officers=["li", "wang"])
    await town.desk.ladder.assign("95013333", owner="Call House", actor="li")
    filed = await town.complain("95013333", contact="a@example.com", knew={"name": "Zhou Min"})
    await town.desk.letters.confirm(filed.reference, await code_of(town))
    await town.desk.cases.close_unfounded(filed.case_id, actor="li", reason=HINTS.replace("Zhang San", "wang"))
    letter = (await town.desk.letters.waiting())[-1]
    told = (await town.desk.letters.told(await find(town.desk.archive.store.connection, filed.reference))).answer
    draft = await town.desk.letters.draft(
        "appeal", "refused", reference=filed.reference, number="CN:95013333", reason=HINTS
    )
    for text in (letter.body, told, draft.body):
        for hint in ("li ", "Wang", "王女士", "13812345678", "w@example", "HOUSE", "Zhou", "wang"):
            assert hint not in text, hint
        assert "client" in text
        assert ("(a name)" in text) is (language == "en")


async def code_of(town):
    return town.desk.letters.code_of(contact_key(town.desk.archive, "a@example.com"))
