"""Language and colours stay as somebody chose them."""

from ringfence.people import Role


async def test_a_language_is_kept(house):
    browser = await house.visitor(Role.VIEWER)
    chosen = await browser.send_form("/console/preferences", page="/console/calls", language="zh", back="/calls")
    assert (chosen.url.path, 'lang="zh-CN"' in chosen.text) == ("/console/calls", True)
    assert 'lang="zh-CN"' in (await browser.get("/console/calls")).text


async def test_what_is_no_choice_changes_nothing(house):
    browser = await house.visitor(Role.VIEWER)
    odd = {"language": "x; Path=/", "theme": "x\r\ny", "back": "//evil.example"}
    answer = await browser.send_form("/console/preferences", page="/console/calls", **odd)
    assert answer.url.host == "localhost"
    assert not [one for one in answer.history[0].headers.get_list("set-cookie") if "rf_browser" not in one]
