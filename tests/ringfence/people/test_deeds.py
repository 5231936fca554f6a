"""What was done stands with who did it, when and why, in the order in which it was done."""

from ringfence.people.deeds import Deed, deeds_of, record


async def test_what_was_entered_is_told_in_order(office):
    deeds = [
        Deed(1.0, "li", "account", "wang", "added", detail="roles viewer"),
        Deed(2.0, "li", "account", "wang", "x"),
    ]
    async with office.store.transaction() as connection:
        for deed in deeds:
            await record(connection, deed)
        await record(connection, Deed(3.0, "li", "account", "zhao", "added"))
    assert await deeds_of(office.store.connection, "account", "wang") == deeds
