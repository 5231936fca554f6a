"""What clients are told when something is wrong: the field, what would be right, and nothing that they sent."""

import json

import pytest

from console.api.problems import TITLES, Problem, field_problem, problem_of, told
from desk.faults import ComplaintError, Conflict, NotFound, Refused


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (NotFound("case", "there is no case 7"), 404, "not-found"),
        (NotFound("decision", "there is no such decision"), 422, "invalid"),
        (Refused("actor", "guest is no officer"), 403, "not-allowed"),
        (Refused("accused", "it is one of our own numbers"), 422, "refused"),
        (ComplaintError("contents", "C-1 was written under another key"), 500, "error"),
        (ComplaintError("at", "this time has not come yet"), 422, "invalid"),
        (Conflict("case", "it is sealed", who="li", when=0.0), 409, "conflict"),
    ],
)
def test_what_the_desk_refuses(error, status, kind):
    answer = problem_of(error).answer()
    body = json.loads(answer.body)
    assert (answer.status, body["status"], body["type"]) == (status, status, f"urn:ringfence:problem:{kind}")
    assert body["title"] == TITLES[kind]
    assert answer.header("content-type") == "application/problem+json"


def test_a_conflict_says_who_and_when():
    body = json.loads(problem_of(Conflict("case", "it is sealed", who="li", when=0.0)).answer().body)
    assert (body["who"], body["when"]) == ("li", "1970-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("'Jane Doe' is no number", "this is no number"),
        ('"it\'s Jane" is no number', "this is no number"),
        ("there is no complaint 'C-1'", "there is no complaint"),
        ("+8613800138000 is an emergency number", "+86138******00 is an emergency number"),
        ("13800138000 is wrong", "138******00 is wrong"),
        ("CN:95012345 is on list own", "CN:95****** is on list own"),
        ("case 1234 is sealed since 2026-07-01", "case 1234 is sealed since 2026-07-01"),
        (
            "list blocked has its 20,000,000 entries (max_entries)",
            "list blocked has its 20,000,000 entries (max_entries)",
        ),
        ("4,001 characters; 4,000 at most", "4,001 characters; 4,000 at most"),
    ],
)
def test_nothing_that_was_sent_comes_back(reason, shown):
    assert told(reason) == shown


def test_a_problem_carries_its_header_fields():
    answer = Problem(429, "too-many", "Later.", headers=(("retry-after", "3"),)).answer()
    assert answer.header("retry-after") == "3"
    assert field_problem("/a", "b").errors == [{"field": "/a", "reason": "b"}]


def test_a_parameter_is_named_and_a_field_of_the_body_pointed_at():
    error = ComplaintError("number", "write it with + and country")
    fields = [problem_of(error, parameters=names).errors[0]["field"] for names in (set(), {"number"})]
    assert fields == ["/number", "number"]
    assert problem_of(ComplaintError("branch", "x")).errors[0]["field"] == "/knew/branch"
