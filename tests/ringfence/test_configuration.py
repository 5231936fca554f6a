"""Where ringfence.yaml is found, and what becomes of it."""

from pathlib import Path

import pytest

from ringfence.configuration import find_configuration, load_configuration
from rules.language.source import RuleError, shipped

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty working folder and no variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RINGFENCE_CONFIG", raising=False)
    return tmp_path


def test_the_shipped_default_is_sound():
    configuration = load_configuration(ROOT / "config" / "ringfence.yaml")
    assert [trunk.name for trunk in configuration.trunks] == ["default"]
    assert str(configuration.pbxes[0].addresses[0]) == "127.0.0.1:5080"


def test_the_named_file_goes_before_all(elsewhere, monkeypatch):
    monkeypatch.setenv("RINGFENCE_CONFIG", "/etc/other.yaml")
    assert find_configuration(Path("mine.yaml")) == Path("mine.yaml")


def test_a_named_folder_means_the_file_in_it(elsewhere):
    assert find_configuration(elsewhere) == elsewhere / "ringfence.yaml"


def test_then_the_variable_then_the_working_folder_then_the_shipped_default(elsewhere, monkeypatch):
    assert find_configuration() == shipped("ringfence.yaml")
    Path("ringfence.yaml").touch()
    assert find_configuration() == Path("ringfence.yaml")
    monkeypatch.setenv("RINGFENCE_CONFIG", "/etc/other.yaml")
    assert find_configuration() == Path("/etc/other.yaml")


def test_data_of_the_shipped_default_lie_in_the_working_folder_not_in_the_installation(elsewhere):
    storage = load_configuration(find_configuration()).storage
    assert storage.database == elsewhere / "var" / "ringfence.db"
    assert storage.key_file == elsewhere / "var" / "ringfence.keys"


def faults(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with pytest.raises(RuleError) as caught:
        load_configuration(file)
    return [str(fault).removeprefix(f"{file}:") for fault in caught.value.faults]


def test_every_fault_of_every_field_is_named_at_once(tmp_path):
    found = faults(
        tmp_path / "ringfence.yaml",
        "version: 2\nlisten: [{adress: 127.0.0.1}]\npbxes: [{name: a b, addresses: [127.0.0.1:99999]}]\ntrunks: []\n",
    )
    assert found[0] == "1:10: version: version 2 is unknown to this program; write version: 1"
    assert "did you mean 'address'?" in "\n".join(found)
    assert {fault.split(":")[0] for fault in found} == {"1", "2", "3", "4"}


def test_an_empty_file_lacks_what_is_needed(tmp_path):
    found = faults(tmp_path / "ringfence.yaml", "# nothing yet\n")
    assert len(found) == 3
    assert all("is missing" in fault for fault in found)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RuleError, match="there is no such file"):
        load_configuration(tmp_path / "ringfence.yaml")
