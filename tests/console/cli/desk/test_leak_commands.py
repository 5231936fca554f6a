"""`ringfence leaks`, `inquiries`, `offices`: from what reporters write to what an office answered."""

import json


def test_from_a_name_to_a_finding(run, tmp_path):
    run("complaints", "add", "95012345", "--by", "13800138000", "--knew", "branch=CY counter", "--knew", "plan=199")
    run("complaints", "add", "95012345", "--by", "13800138001", "--knew", "branch=lake shop")
    (tmp_path / "offices.csv").write_text("office,bank,aliases,answers\nChaoyang branch,ABC Bank,CY counter,Li\n")
    taken = run("offices", "import", str(tmp_path / "offices.csv"))
    assert taken.stdout == "1 office taken, 1 complaint of before found their office.\n"
    unknown = json.loads(run("offices", "list", "--unknown", "--json").stdout)
    assert [one["name"] for one in unknown] == ["lake shop"]
    assert "is what 'lake shop' means; 1 complaint" in run("offices", "merge", "lake shop", "ABC Bank Chaoyang").stdout
    assert "is not what 'lake shop' means" in run("offices", "split", "lake shop", "ABC Bank Chaoyang").stdout
    assert "is in the directory" in run("offices", "add", "Lake shop", "--alias", "the one at the lake").stdout
    assert "CY counter" in run("offices", "list").stdout
    leaks = json.loads(run("leaks", "list", "--json").stdout)
    assert [(one["office"], one["untied"], one["weight"]) for one in leaks] == [
        ("ABC Bank / Chaoyang branch", 1, 0.2),
        ("Lake shop", 1, 0.2),
    ]
    shown = run("leaks", "show", "abc bank chaoyang").stdout
    assert "known: plan 1" in shown
    assert "C-" in shown
    assert "was seen" in run("leaks", "ack", "Lake shop", "--reason", "we look").stdout
    opened = run("inquiries", "open", "ABC Bank Chaoyang", "--ask", "who exported?")
    assert opened.stdout.startswith("inquiry 1 of ABC Bank / Chaoyang branch is open, due ")
    assert "is answered" in run("inquiries", "answer", "1", "--answer", "a clerk").stdout
    assert "is closed: confirmed" in run("inquiries", "close", "1", "--finding", "confirmed", "--reason", "log").stdout
    assert "nothing to show" in run("inquiries", "list").stdout
    assert "confirmed" in run("inquiries", "list", "--all").stdout
    assert run("leaks", "show", "nowhere").exit_code == 1
    told = run("audit", "show").stdout
    for word in ("acknowledged", "opened", "answered", "merged", "listed"):
        assert word in told
