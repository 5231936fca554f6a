"""Case: one story; only the steps that are possible now; the letter as it will go; words in a box of their own."""

import re

from ringfence.people import Role
from tests.console.web.pages.desk_house import NUMBER, furnish, planted_in


async def test_the_whole_story_with_the_steps_possible_now(house):
    there = await furnish(house)
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    shown = await officer.get("/console/case/1")
    assert shown.status_code == 200
    assert planted_in(shown.text) == []
    assert "As it was when sealed" in shown.text
    assert 'action="http' not in shown.text
    assert "/console/case/1/release" in shown.text
    for step in ("take", "verify", "seal", "keep", "seal-again"):
        assert f'action="/console/case/1/{step}"' not in shown.text
    words = await officer.send_form(f"/console/case/1/words/{there.filed[0].reference}", page="/console/case/1")
    assert 'class="words"' in words.text
    assert planted_in(words.text) == []
    assert "Zhou Min" not in words.text
    assert "&lt;script&gt;" in words.text
    query = "select count(*) from step where step = 'words read' and actor = 'complaint-officer'"
    rows = await house.desk.archive.store.connection.execute_fetchall(query)
    assert next(iter(rows))[0] == 1
    assert (await officer.get("/console/case/99")).status_code == 404


async def test_a_step_is_taken_and_a_late_one_refused(house):
    await furnish(house)
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    taken = await officer.send_form("/console/case/2/take", page="/console/case/2", version="1")
    assert "Done: Take it." in taken.text
    late = await officer.send_form("/console/case/2/take", page="/console/case/2", version="1")
    assert "take is not possible" in late.text
    lacking = await officer.send_form("/console/case/2/unfounded", page="/console/case/2", version="2")
    assert "Reason is needed." in lacking.text
    unknown = await officer.send_form("/console/case/2/nonsense", page="/console/case/2")
    assert "There is no such step." in unknown.text


async def test_the_letter_as_it_will_go_out_has_no_name_in_it(house):
    await furnish(house)
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    reason = "Ms Wang and li at +8613912345678 say nothing came"
    drafted = await officer.send_form("/console/case/2/letter/unfounded", page="/console/case/2", reason=reason)
    assert 'class="letter"' in drafted.text
    assert not any(one in drafted.text for one in ("Wang", "13912345678"))
    owners = await officer.send_form("/console/case/1/letter/release", page="/console/case/1", reason="it was forged")
    assert "it was forged" in owners.text
    nothing = await officer.send_form("/console/case/2/letter/take", page="/console/case/2")
    assert "No letter leaves by this step." in nothing.text


async def test_a_case_an_appeal_and_the_ladder_lead_to_the_number_which_is_shown_for_a_reason(house):
    there = await furnish(house)
    officer = await house.visitor(Role.COMPLAINT_OFFICER)
    for page in ("/console/case/1", f"/console/appeals/{there.appeal}", "/console/ladder"):
        (where,) = set(re.findall(r'href="(/console/number/[^"]{20,})"', (await officer.get(page)).text))
        assert NUMBER[1:] not in where
        story = await officer.get(where)
        assert planted_in(story.text) == []
        full = await officer.send_form(f"{where}/unmask", page=where, reason="its owner asks")
        assert NUMBER in full.text
    rows = await house.desk.archive.store.connection.execute_fetchall(
        "select actor, reason from step where step = 'unmasked'"
    )
    assert [tuple(row) for row in rows] == [("complaint-officer", "its owner asks")] * 3
