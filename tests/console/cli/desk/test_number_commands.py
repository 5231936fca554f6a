"""`ringfence numbers show`: a number that is masked elsewhere, for a reason."""

import json


def test_a_number_is_shown_by_what_names_it(run):
    run("ladder", "climb", "number", "95013333", "--reason", "again")
    run("complaints", "add", "95012345", "--by", "13800138000")
    assert run("numbers", "show", "case 1", "--reason", "its owner asks").stdout == "case 1: CN:95012345\n"
    (row,) = json.loads(run("ladder", "show", "--json").stdout)
    shown = json.loads(run("numbers", "show", row["pseudonym"], "--reason", "its owner asks", "--json").stdout)
    assert shown == [{"of": row["pseudonym"], "number": "CN:95013333"}]
    assert run("numbers", "show", "case 1").exit_code == 2
    assert "say why" in run("numbers", "show", "case 1", "--reason", " ").stderr
    assert "there is no case 7" in run("numbers", "show", "case 7", "--reason", "x").stderr
