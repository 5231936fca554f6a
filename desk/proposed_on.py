"""What a step was proposed on: who confirms it confirms it of the case as it stood then, or it is proposed anew."""

from __future__ import annotations

from desk.case_files import CaseFile
from desk.faults import Conflict
from rules.audit.second import confirmed_on
from rules.storage.store import Connection

_FALLEN = "select count(*) from complaint where case_id = ? and state in ('rejected', 'withdrawn')"


async def ground_of(connection: Connection, case: CaseFile) -> dict[str, object]:
    """How a case stands, for its proposal. A complaint that comes in is no change: else whoever floods it wins."""
    ((fallen,),) = await connection.execute_fetchall(_FALLEN, (case.id,))
    return {"version": case.version, "fallen": fallen}


def refuse_moved(case: CaseFile, ground: dict[str, object]) -> None:
    """Conflict, if what is confirmed at this moment was proposed of a case that stood otherwise, saying how."""
    then, changed = confirmed_on(), []
    if then.get("version", case.version) != case.version:
        changed.append(f"{case.last_step} by {case.last_actor}" if case.last_step else "its state")
    if (more := int(str(ground["fallen"])) - int(str(then.get("fallen", ground["fallen"])))) > 0:
        changed.append(f"{more:,} {'complaint' if more == 1 else 'complaints'} of it rejected or withdrawn")
    if changed:
        told = f"case {case.id} has changed since it was proposed: {', '.join(changed)}"
        raise Conflict(
            *("case", f"{told}; nothing is done, look at it again and propose it anew"),
            who=case.last_actor,
            when=case.last_at,
        )
