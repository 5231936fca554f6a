"""The second person: without accounts nobody is asked; what was confirmed passes within its block alone."""

from rules.audit.second import NO_SECOND, confirmed, how_confirmed


async def test_without_accounts_one_person_is_enough():
    assert not await NO_SECOND.wanted()
    assert await NO_SECOND.ask("seal", "case 7", {}, actor="li") == ""


def test_what_was_confirmed_passes_within_its_block():
    assert how_confirmed() == ""
    with confirmed("confirmed by wang"):
        assert how_confirmed() == "confirmed by wang"
    assert how_confirmed() == ""
