"""Passwords: weak ones are refused, what is kept tells none, and nobody's costs what a wrong one does."""

import asyncio

import pytest

from ringfence.people.faults import PeopleError
from ringfence.people.passwords import Passwords, refuse_weak
from tests.ringfence.people.conftest import QUICK

GOOD = "four blue horses run"


@pytest.mark.parametrize(
    "weak", ["", "short", "a" * 40, "ababababababab", "x" * 300, "wang-wang-wang", "password1234", "ringfence-123"]
)
def test_a_weak_password_is_refused_with_what_would_be_right(weak):
    with pytest.raises(PeopleError, match=r"password: .*several words"):
        refuse_weak(weak, "wang")


def test_several_words_are_a_password_in_any_script():
    for good in (GOOD, "蓝色的马在山谷里奔跑过了四次"):
        refuse_weak(good, "wang")


async def test_what_is_kept_tells_no_password_and_knows_it_again_in_either_spelling():
    passwords = Passwords(QUICK)
    kept = await passwords.hash("Zoe\u0301 rides four horses")
    assert "horses" not in kept
    assert kept.startswith("$argon2id$")
    assert await passwords.is_right("Zo\u00e9 rides four horses", kept)
    assert not await passwords.is_right(GOOD, kept)
    assert kept != await passwords.hash("Zoe\u0301 rides four horses"), "each has a salt of its own"


async def test_where_there_is_no_account_as_much_is_computed():
    verified = []

    class Counting(Passwords):
        def _verified(self, kept, password):
            verified.append(kept)
            return super()._verified(kept, password)

    passwords = Counting(QUICK)
    assert not await passwords.is_right(GOOD, "")
    assert not await passwords.is_right("of nobody", ""), "not even the password of nobody"
    assert not await passwords.is_right(GOOD, await passwords.hash("another one entirely"))
    assert len(verified) == 3


async def test_many_at_once_are_computed_few_at_a_time():
    running, most = 0, 0

    class Watched(Passwords):
        def _verified(self, kept, password):
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                return super()._verified(kept, password)
            finally:
                running -= 1

    passwords = Watched(QUICK)
    kept = await passwords.hash(GOOD)
    assert all(await asyncio.gather(*(passwords.is_right(GOOD, kept) for _ in range(20))))
    assert most <= 2


async def test_the_work_is_what_is_recommended_and_less_work_is_found():
    passwords = Passwords()
    assert "m=65536,t=3,p=1" in await passwords.hash(GOOD)
    assert passwords.is_old(QUICK.hash(GOOD))
