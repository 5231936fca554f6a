"""A round is a process: it takes, gives what changed, and says why it does not."""

import asyncio
import json
from itertools import pairwise

from ringfence.exchange.round import Round, beside, main, work
from ringfence.installation import Installation
from rules.storage.replicas import opened

BETA = '{operator: beta.example, url: "file:///nowhere", root: beta.json, into: theirs}'


def test_a_round_gives_what_changed_and_says_why_it_takes_nothing(run, tmp_path, capsys):
    file, stamp = tmp_path / "ringfence.yaml", tmp_path / "share/metadata/timestamp.json"
    head, _, tail = file.read_text().partition("\nlists:")
    file.write_text(
        f"{head}\nlists:\n  theirs: {{kind: suspect, shared: true}}{tail}\n"
        f"exchange: {{operator: us.example, publish: {{lists: {{blocked: fraud}}}}, partners: {{beta: {BETA}}}}}\n"
    )

    began = 0.0

    async def round_of(later=0.0, how=None):
        async with Installation.open(file) as here:
            return await (how(here) if how else work(here, began + later))

    run("share", "init", "--root-keys", str(tmp_path / "drawer"))
    run("lists", "add", "blocked", "17012345678")
    done = asyncio.run(round_of(how=beside))
    assert (list(done.faults), done.given, stamp.exists()) == (["beta"], "", True)
    began, marks = json.loads((tmp_path / "ringfence.db.partners/given.json").read_text())["at"], [stamp.read_bytes()]
    for later in (60, 50_000):
        asyncio.run(round_of(later))
        marks.append(stamp.read_bytes())
    assert [one != other for one, other in pairwise(marks)] == [False, True]  # signed anew in time
    for path in (tmp_path / "share-keys").glob("targets-*"):
        path.unlink()
    run("lists", "add", "blocked", "17012345679")
    asyncio.run(round_of(50_060))
    assert "targets is signed by 1 keys" in asyncio.run(round_of(50_120)).given  # until it is right
    with opened(tmp_path / "ringfence.db") as replica:
        replica.join("copy", "north", "record")
    assert asyncio.run(round_of(50_180)) == Round({})  # the node that keeps the lists does it
    main(str(tmp_path / "none.yaml"))
    assert '"fault": "' in capsys.readouterr().out


def test_a_round_tries_to_hand_over_what_an_officer_gave_to_a_centre(run, tmp_path):
    file = tmp_path / "ringfence.yaml"
    (tmp_path / "centre.jwk").write_text(run("share", "handing-key").stdout)
    (tmp_path / "token").write_text("rf_secret\n")
    handing = "{key: centre.jwk, url: 'http://127.0.0.1:9/v1/handed-over', token: token, names: ['12321']}"
    centre = f"{{operator: centre.example, networks: [127.0.0.0/8], handing: {handing}}}"
    file.write_text(f"{file.read_text()}\nexchange: {{operator: us.example, partners: {{centre: {centre}}}}}\n")
    run("complaints", "add", "95012345", "--by", "13800138000")
    handed = run("cases", "hand-over", "1", "--to", "12321", "--out", str(tmp_path / "case.csv"))
    assert handed.exit_code == 0, handed.stderr

    async def one_round():
        async with Installation.open(file) as here:
            return await work(here, 0.0)

    assert asyncio.run(one_round()).handed.startswith("case 1 does not reach centre: he cannot be reached")
    assert "rf_secret" not in (shown := run("share", "outbox").stdout)
    assert "centre" in shown
    assert run("audit", "verify").exit_code == 0
