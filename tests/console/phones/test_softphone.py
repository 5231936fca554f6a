"""The softphone's reading of SIP; its calls are in test_phones.py, for one endpoint lives in one process."""

import io
import json

from console.phones.softphone import headers_of, speak_json


def test_headers_as_they_came():
    message = (
        "INVITE sip:a@b SIP/2.0\r\nVia: one\r\nvia: two\r\nSubject: folded\r\n  line\r\nX-Empty:\r\n\r\nbody: no\r\n"
    )
    assert headers_of(message) == {"via": ["one", "two"], "subject": ["folded line"], "x-empty": [""]}


def test_events_are_lines():
    out = io.StringIO()
    tell = speak_json(out)
    tell("invite", request="INVITE sip:\u4e00 SIP/2.0")
    tell("ended")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert first["request"].endswith("\u4e00 SIP/2.0")
    assert second["event"] == "ended"
    assert second["at"] >= first["at"]
