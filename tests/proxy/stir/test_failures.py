"""Each reason has one name, and says whether the call is at fault."""

from proxy.stir.failures import Failure, Unverified


def test_what_says_nothing_of_the_call_is_no_verdict_on_it():
    unknown = ["not-shaken", "unsigned-diversion", "unreachable", "late", "busy"]
    assert [each.value for each in Failure if not each.is_verdict] == unknown
    assert str(Unverified(Failure.STALE)) == "stale"
