"""The running node lets a round be done each minute, and says what came of it until it is right."""

from prometheus_client import CollectorRegistry

from ringfence.exchange.exchange_settings import ExchangeSettings
from ringfence.exchange.partner_files import PartnerFiles
from ringfence.exchange.round import Round
from ringfence.exchange.rounds import ExchangeRounds

BETA = {"operator": "beta.example", "url": "https://beta.example/share", "root": "beta.json", "into": "beta"}


class Here:
    """As much of an installation as a round asks for."""

    def __init__(self, folder, **settings):
        self.exchange_folder = folder
        self.configuration = self
        self.exchange = ExchangeSettings(operator="us.example", **settings)


async def test_what_is_refused_is_told_until_it_is_right_and_measured(tmp_path):
    with PartnerFiles(tmp_path / "beta").changing() as standing:
        standing.index, standing.entries, standing.waiting, standing.fault = {"version": 7}, 3, {"+86": "x"}, "gap"
        standing.left_of_weight, standing.released = 0.4, ["x", "y", "z"]
    came = [
        Round({"beta": "a gap"}),
        Round({}, "keys are away"),
        Round({}, "", "case 7"),
        OSError(None, "it took longer"),
        Round({}),
    ]

    async def work(_):
        done = came.pop(0)
        if isinstance(done, OSError):
            raise done
        return done

    rounds = ExchangeRounds(lambda: Here(tmp_path, partners={"beta": BETA}), work=work)
    told = []
    while came:
        await rounds.once()
        told.append(rounds.ailments())
    lost = "partner beta lost weight, 0.4 is left: appeals released 3 of his"
    assert told == [
        ["nothing is taken from partner beta: a gap", lost],
        ["nothing is given to other operators: keys are away", lost],
        ["not all is handed over: case 7", lost],
        ["nothing is given to other operators: it took longer", lost],
        [lost],
    ]
    registry = CollectorRegistry()
    registry.register(rounds)
    figures = ("version", "entries", "waiting", "weight", "refused", "looked_timestamp_seconds")
    assert [registry.get_sample_value(f"ringfence_partner_{name}", {"partner": "beta"}) for name in figures] == [
        *(7, 3, 1, 0.4, 1, 0),
    ]


async def test_who_has_no_partners_does_nothing(tmp_path):
    async def work(_):
        raise AssertionError

    rounds = ExchangeRounds(lambda: Here(tmp_path), work=work)
    await rounds.once()
    assert rounds.ailments() == []
