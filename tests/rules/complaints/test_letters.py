"""Letters: nobody gets one who did not confirm his address, but for one request to do so."""

import pytest

from rules.complaints.faults import ComplaintError, NotFound
from rules.complaints.letters import read_texts
from rules.complaints.states import Attacks
from tests.rules.complaints.town import DAY, SPAM


async def kinds(town):
    return [(letter.kind, letter.to) for letter in await town.desk.letters.waiting()]


async def code_in(town):
    (letter,) = [one for one in await town.desk.letters.waiting() if one.kind == "confirm"]
    await town.desk.letters.sent(letter.id)
    return letter.body.split("确认码：")[1].splitlines()[0]


async def test_an_answer_waits_until_the_address_is_confirmed(town):
    filed = await town.complain(contact="A@example.com", text="${reason} $code {{x}}")
    code = await code_in(town)
    await town.desk.cases.close_unfounded(filed.case_id, actor="li", reason="x")
    assert await kinds(town) == []
    with pytest.raises(ComplaintError, match="code"):
        await town.desk.letters.confirm(filed.reference, "0000000000")
    await town.desk.letters.confirm(filed.reference.lower(), f" {code.lower()} ")
    (letter,) = await town.desk.letters.waiting()
    assert (letter.kind, letter.to, letter.subject) == ("answer", "A@example.com", f"您的举报 {filed.reference}")
    assert "未发现该号码存在问题" in letter.body
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
    await town.desk.ladder.assign(SPAM, "owner", "Loan King", actor="li")
    await town.desk.letters.set_owner("Loan King", "king@example.com")
    case = await town.verified()
    await town.desk.cases.seal(case, actor="li", reason="five people said so")
    (letter,) = await town.desk.letters.waiting()
    assert (letter.kind, letter.to, letter.subject) == ("owner", "king@example.com", f"Your number {SPAM}")
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
    assert "未予受理" in letter.body


async def test_it_is_tried_some_times_and_then_given_up(town):
    await town.complain(contact="a@example.com")
    for _ in range(8):
        (letter,) = await town.desk.letters.waiting()
        await town.desk.letters.failed(letter.id, "the server said 451")
    assert await town.desk.letters.waiting() == []


async def test_what_is_wrong_is_named(town, tmp_path):
    await town.complain(contact="13800138000")
    assert await kinds(town) == [], "a number gets no mail"
    with pytest.raises(NotFound):
        await town.desk.letters.confirm("C-00000-00000", "1")
    with pytest.raises(ComplaintError, match="e-mail"):
        await town.desk.letters.set_owner("Loan King", "nowhere")
    (tmp_path / "own.yaml").write_text("confirm: {subject: x}\n")
    with pytest.raises(ComplaintError, match="letter confirm needs a subject and a body"):
        read_texts("en", tmp_path / "own.yaml")
    for language in ("en", "zh"):
        assert set(read_texts(language, None)["outcomes"]) >= {"sealed", "released", "granted", "handed over"}
