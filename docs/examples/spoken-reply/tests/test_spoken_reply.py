"""What the caller is told, by the step that decided."""

from types import SimpleNamespace

from spoken_reply import Spoken


def told(step):
    return Spoken().reply(SimpleNamespace(step=step, decision="0123456789abcdef0123"))


def test_three_steps_have_words_of_their_own():
    assert told("sealed") == (
        480,
        "Sealed After Complaints",
        {"Reason": 'Q.850;cause=21;text="0123456789abcdef0123"'},
    )
    assert told("block list") is None
