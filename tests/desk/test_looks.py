"""A look-up by a command without a desk stands in the audit, by pseudonym."""

from desk.audit import entries
from desk.looks import note_lookup
from tests.desk.town import SPAM


async def test_a_number_is_looked_up(town):
    await note_lookup(town.folder, town.screening, SPAM, actor="li")
    (entry,) = await entries(town.desk.archive.store.connection)
    deed = entry.deed
    pseudonym = town.desk.archive.secrecy.pseudonym(SPAM)
    assert (deed.actor, deed.subject, deed.subject_id, deed.step, deed.detail) == (
        *("li", "number", pseudonym, "searched", "why"),
    )
