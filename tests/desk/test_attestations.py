"""What was proved of the calls of each trunk."""

from desk.attestations import Signed, attested_trunks
from rules.model import Trunk
from tests.desk.town import DAY, SPAM


async def test_the_share_of_each_trunk(town):
    for level in ("A", "A", "B", "failed", "none", "", "", ""):
        facts = {"attestation": level} if level else None
        await town.ring(SPAM, "13800138000", trunk=Trunk("carrier", country="CN"), facts=facts)
    await town.ring(SPAM, "13800138000", trunk=Trunk("other", country="CN"))
    archive = town.desk.archive
    assert await attested_trunks(archive) == [
        Signed("carrier", 8, 25.0, 12.5, 0.0, 12.5, 12.5, 37.5),
        Signed("other", 1, 0.0, 0.0, 0.0, 0.0, 0.0, 100.0),
    ]
    assert await attested_trunks(archive, since=town.now + DAY) == []
