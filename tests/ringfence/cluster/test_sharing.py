import shutil

import pytest

from ringfence.cluster.sharing import join_record
from ringfence.installation import Installation
from ringfence.live_rules import put_live
from ringfence.rule_changes import starting_rules
from ringfence.rulebook import load_rulebook
from rules.storage.keys import Keys
from rules.storage.replicas import standing_in
from rules.storage.store import KeptElsewhere
from tests.installed import CONFIGURATION, RULES


@pytest.fixture
def install(tmp_path, database):
    keys = tmp_path / "keys"
    Keys.load(keys)

    def install(node: str, *, share: bool = True, rules: str = RULES):
        folder = tmp_path / node
        (folder / "rules.d").mkdir(parents=True, exist_ok=True)
        (folder / "rules.d" / "own.yaml").write_text(rules)
        record = f'storage: {{record: {{at: "{database}", node: {node}, first_copy_s: 0}}}}\n' if share else ""
        (folder / "ringfence.yaml").write_text(CONFIGURATION + record)
        shutil.copyfile(keys, folder / "ringfence.keys")
        (folder / "ringfence.keys").chmod(0o600)
        return folder / "ringfence.yaml"

    return install


@pytest.fixture
def join():
    joined = []

    def join(file):
        joined.append(join_record(Installation.open(file)))
        return joined[-1]

    yield join
    for sharing in filter(None, joined):
        sharing.end()


def put_first_live(file):
    book = load_rulebook(file)
    Installation.open(file).run(lambda here: put_live(here, book.texts, hash_=book.ruleset.revision, reason="first"))


def test_a_new_node_judges_by_the_rules_of_the_others_and_not_by_those_on_its_disk(install, join):
    a, b = install("a"), install("b", rules=RULES.replace("night-calls", "calls-at-night"))
    put_first_live(a)
    join(a).end()
    sharing = []
    start = starting_rules(b, lambda here: sharing.append(join(here.file)))
    names = {rule.name for rule in start.ruleset.rules}
    assert ("night-calls" in names, "calls-at-night" in names) == (True, False)
    assert (start.number, start.first) == (1, None)
    assert sharing[0].ailments() == []
    with pytest.raises(KeptElsewhere, match="node a keeps"):
        put_first_live(b)


def test_a_node_with_other_keys_takes_nothing_and_says_what_to_do(install, join):
    a, b = install("a"), install("b")
    put_first_live(a)
    join(a).end()
    (b.parent / "ringfence.keys").unlink()  # it makes its own
    sharing = join(b)
    assert "put a copy of their key file (storage.key_file) in place" in sharing.ailments()[0]
    assert sharing.state.version == 0


def test_a_node_whose_record_is_gone_starts_and_says_so_and_says_when_it_is_back(install, join, tmp_path):
    file = install("a")
    text = file.read_text()
    file.write_text(text.replace("postgresql://ringfence@/", "postgresql://ringfence@/no"))
    sharing = join(file)
    assert "does not exist" in sharing.ailments()[0]
    values = {metric.name: metric.samples[0].value for metric in sharing.collect()}
    assert values == {"ringfence_record_behind": 0, "ringfence_record_waiting": 0, "ringfence_record_unusable": 1}
    file.write_text(text)
    assert join(file).ailments() == []


def test_a_node_that_is_to_share_no_more_goes_on_with_what_it_has(install, join):
    file = install("a")
    join(file).end()
    database = Installation.open(file).database
    assert standing_in(database).role == "keeper"
    install("a", share=False)
    assert join(file) is None
    assert standing_in(database) is None


def test_who_stands_alone_pays_nothing(install, join):
    file = install("a", share=False)
    assert join(file) is None
    assert not Installation.open(file).database.exists()
    shutil.rmtree(file.parent)
