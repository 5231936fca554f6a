"""`ringfence share`: what operators give each other, by commands alone."""

import json

ROLES = ("root", "targets", "withdrawn", "snapshot", "timestamp")
GIVES = """
exchange:
  operator: us.example
  publish: {lists: {blocked: fraud}}
"""


def add(folder, text):
    file = folder / "ringfence.yaml"
    file.write_text(file.read_text() + text)


def test_given_by_commands_and_what_is_wrong_is_named(run, tmp_path):
    add(tmp_path, GIVES)
    drawer = str(tmp_path / "drawer")
    early = run("share", "publish")
    assert (early.exit_code, "ringfence share init" in early.stderr) == (1, True)
    wrong = run("share", "init", "--root-keys", drawer, "--root-threshold", "2")
    assert wrong.exit_code == 2
    made = run("share", "init", "--root-keys", drawer, "--json")
    assert json.loads(made.stdout)["root"].endswith("share/metadata/1.root.json")
    run("lists", "add", "blocked", "+8617012345678")
    assert "Version 1 gives 1 entries: 1 new" in run("share", "publish").stdout
    run("lists", "remove", "blocked", "+8617012345678", "--reason", "appeal")
    assert "1 gone, 1 withdrawn" in run("share", "publish").stdout
    for role in ROLES:
        assert run("share", "rotate", role, "--root-keys", drawer).exit_code == 0
    assert run("share", "rotate", "boss", "--root-keys", drawer).exit_code == 2
    assert "version 6" in run("share", "renew", "--root-keys", drawer).stdout
    assert run("share", "init", "--root-keys", drawer).exit_code == 1
    assert run("share", "fetch").stdout == run("share", "partners").stdout == "There is no partner.\n"


def test_check_names_lists_that_cannot_be_shared(run, tmp_path):
    add(tmp_path, GIVES.replace("  operator: us.example\n", "").replace("blocked", "allowed"))
    found = run("check").stderr + run("check").stdout
    assert "operator" in found
    assert "list of kind allow is not given on as ours" in found
    beta = "operator: b.example, url: 'file:///b', root: b.json, into: blocked"
    handing = "handing: {key: b.jwk, url: 'http://b.example/', token: t}"
    add(tmp_path, f"  partners: {{beta: {{{beta}, {handing}}}, gamma: {{{beta}}}}}\n")
    found = run("check").stderr + run("check").stdout
    for what in ("list 'blocked' is not one that others may fill", "would travel in clear", "a second"):
        assert what in found


def test_taken_gone_back_left_and_decided_by_commands(run, tmp_path):
    """An installation that takes from itself hears its own echo, unless it is called otherwise meanwhile."""
    add(tmp_path, GIVES)
    run("share", "init", "--root-keys", str(tmp_path / "drawer"))
    for number in ("+8617012345678", "+8613800138000"):
        run("lists", "add", "blocked", number)
        run("share", "publish")
    theirs = """
  partners:
    beta: {operator: us.example, url: "URL", root: share/metadata/1.root.json, into: theirs}
lists:""".replace("URL", (tmp_path / "share").as_uri())
    text = (tmp_path / "ringfence.yaml").read_text().replace("operator: us.example\n", "operator: we.example\n", 1)
    head, _, tail = text.partition("\nlists:")
    (tmp_path / "ringfence.yaml").write_text(
        f"{head}\nlists:\n  theirs: {{kind: suspect, shared: true}}{tail}{theirs.removesuffix('lists:')}"
    )
    run("lists", "remove", "blocked", "+8613800138000")
    run("lists", "add", "allowed", "+8613800138000")
    taken = run("share", "fetch")
    assert (taken.stdout, taken.stderr) == ("beta: version 2, 1 entries count.\n", "")
    assert "by partner beta (version 1 of us.example, hop 0), since" in run("why", "+8617012345678").stdout
    assert "+8613800138000   it stands on allowed" in run("share", "waiting").stdout
    why = ("--reason", "test")
    assert run("share", "refuse", "beta", "+8613800138000", *why).exit_code == 0
    assert run("share", "accept", "beta", "+8613800138000", *why).exit_code == 1
    assert run("share", "waiting").stdout == "No entry waits for a person.\n"
    assert "there are 2" in run("share", "back", "beta", "7", *why).stderr
    assert run("share", "back", "beta", "2", *why).stdout.startswith("Version 2 of beta counts until")
    assert run("share", "leave", "beta", *why).exit_code == 0
    assert "on theirs (suspect)" not in run("why", "+8617012345678").stdout
    assert run("share", "join", "beta", *why).exit_code == 0
    assert run("share", "fetch", "gamma").exit_code == 1
    shown = json.loads(run("share", "partners", "--json").stdout)
    assert [(one["partner"], one["version"]) for one in shown] == [("beta", 0)]
    audit = run("audit", "show").stdout
    assert "shared: partner left" in audit
    assert "shared: given" in audit
    assert run("audit", "verify").exit_code == 0


def test_cases_on_their_way_are_shown_and_answered_by_commands(run, tmp_path):
    add(tmp_path, "\nexchange: {operator: us.example}\n")
    key = run("share", "handing-key")
    assert json.loads(key.stdout)["crv"] == "Ed25519"
    assert run("share", "handing-key").stdout == key.stdout
    assert run("share", "inbox").stdout == "Nothing waits for an answer.\n"
    assert run("share", "outbox").stdout == "Nothing was handed over.\n"
    missing = run("share", "answer", "7", "--answer", "It is closed.")
    assert (missing.exit_code, "nothing was handed over to us under 7" in missing.stderr) == (1, True)
