"""`ringfence campaigns`, `rules new --campaign` and `demo --campaign`."""

from console.cli.workbench.campaigns import demo_of_campaigns


def test_where_there_is_none_it_says_so(run):
    assert run("campaigns").stdout.startswith("No campaign is found")
    assert run("campaigns", "--json").stdout == "[]\n"
    assert run("campaigns", "--since", "yesterdayish").exit_code == 2
    assert "there is no campaign abcd" in run("rules", "new", "x", "--campaign", "abcd").stderr


def test_the_demo_tells_its_figures():
    data, said = demo_of_campaigns(2_000)
    assert data["found"] == 3
    assert "would have met one, too" in said
