"""Qualified entries whose review is due soon, or was: notice before they are off."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from rules.lists.editing import Lists
from rules.lists.origins import DAY_S
from rules.numbering.intervals import decode
from rules.storage.statements import sql

_LOOK_S = 3_600.0
_DUE = sql("(select id from origin where review is not null and review <= ?1)")


class Review(NamedTuple):
    """An entry and when its review is due."""

    list: str
    entry: str
    review: float
    owner: str
    approver: str


async def due_reviews(lists: Lists, before: float, *, name: str = "") -> list[Review]:
    """What is due before this moment, the first first; of one list, or of all that are configured."""
    connection = lists.store.connection
    query = "select 1 from origin where review is not null and review <= ? limit 1"
    if not list(await connection.execute_fetchall(query, (before,))):
        return []
    standing = sql(
        "select code, null as text, list, origin from exact where origin in {due} "
        "union all select null, text, list, origin from wide where origin in {due}",
        due=_DUE,
    )
    rows = await connection.execute_fetchall(
        sql(
            "select l.name, s.code, s.text, o.review, o.owner, o.approver from ({standing}) s "
            "join list l on l.id = s.list join origin o on o.id = s.origin "
            "where l.configured and ?2 in ('', l.name) order by o.review, l.name, s.code",
            standing=standing,
        ),
        (before, name),
    )
    return [Review(row[0], row[2] or decode(row[1]), row[3], row[4], row[5]) for row in rows]


class Notices:
    """How many entries of each list are due soon; looked at again when a list was changed, else once an hour."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._revision = -1
        self._looked = float("-inf")
        self._due: dict[str, int] = {}

    async def due(self, now: float) -> dict[str, int]:
        """By the name of the list; what is off already since its review has passed counts, too."""
        rows = await self._lists.store.connection.execute_fetchall("select revision from change")
        revision = next(iter(rows))[0]
        if revision != self._revision or not 0.0 <= now - self._looked < _LOOK_S:
            self._revision, self._looked = revision, now
            days = {
                name: policy.review_notice_days for name, policy in self._lists.settings.items() if policy.qualified
            }
            found = (
                await due_reviews(self._lists, now + max(days.values(), default=0) * DAY_S)
                if any(days.values())
                else []
            )
            self._due = Counter(
                one.list for one in found if days.get(one.list) and one.review <= now + days[one.list] * DAY_S
            )
        return dict(self._due)
