"""Every format, through its vendor's package, with its answer cut and spelled in every way: nothing changes.

The cases are generated; one test is a group of them that differ only in how the answer is cut, so that a group shares
its clients. A failure names every case of the group that failed.
"""

import json
import re

import pytest

from captured import assert_unseen
from formats import DRIVERS

TOKEN = re.compile(rb"[A-Z]{1,12}_[2-9B-X]{10}")

DELTAS = (1, 2, 3, 7, 64)
TCPS = (0, 1, 7, 1000)

SEND = {"name": "send_mail", "arguments": {"to": "{{last_user}}", "count": 1, "nested": {"list": ["é {{last_user}}"]}}}
CALL = {"name": "call_phone", "arguments": {"number": "{{last_user}}"}}
ALL, CHOICES, TOOLS = set(DRIVERS), {n for n, d in DRIVERS.items() if d.choices}, {n for n, d in DRIVERS.items() if d.tools}

# Kind: which formats have it, the prompt with places for values, the mock's keys, how many choices.
KINDS = {
    "text": (ALL, "Mail {email} or call {phone} today.", {}, None),
    "non-ascii": (ALL, "Zoë – {email} 日本 {host} 😀 ünï.", {}, None),
    "escapes": (ALL, 'She: "{email}" \\ C:\\users\\{host}\r\n\t/ </b> \\u0041 {{}} "', {}, None),
    "tool": (TOOLS, 'Zoë: "{email}" \\ {host}\n😀', {"tool_calls": [SEND]}, None),
    "tools": (TOOLS, 'Mail {email}, then call "{phone}".', {"reply": "Both: {{last_user}}", "tool_calls": [SEND, CALL]}, None),
    "choices": (CHOICES, "Compare {email} with {host}, é.", {}, 2),
}
SPELLINGS = {"plain": {}, "escaped": {"escape_unicode": True, "escape_arguments": True, "eol": "crlf"}}

GROUPS = [(name, kind, spelling, streamed) for kind, (names, *_) in KINDS.items() for name in DRIVERS if name in names
          for spelling in SPELLINGS for streamed in (False, True)]


def cuts(streamed):
    """(delta_bytes, tcp_bytes) of each case of a group; one body has no deltas."""
    return [(delta, tcp) for delta in (DELTAS if streamed else (0,)) for tcp in TCPS]


def test_the_matrix_is_large():
    assert sum(len(cuts(streamed)) for *_, streamed in GROUPS) >= 1500


def expected_calls(name, behaviour, prompt, choices):
    """The calls that the mock was told to make, as the format's package shows them."""
    filled = json.dumps(behaviour.get("tool_calls", [])).replace("{{last_user}}", json.dumps(prompt)[1:-1])
    calls = [(call["name"], call["arguments"]) for call in json.loads(filled)]
    return {(choice, i): call for choice in range(choices) for i, call in enumerate(calls)}


def parsed(calls):
    return {place: (name, json.loads(arguments) if isinstance(arguments, str) else arguments)
            for place, (name, arguments) in calls.items()}


@pytest.fixture(scope="module")
def driver(all_formats):
    made = {}

    def get(name):
        if name not in made:
            made[name] = DRIVERS[name](all_formats.root)
        return made[name]

    yield get
    for one in made.values():
        one.close()


@pytest.mark.parametrize("name,kind,spelling,streamed", GROUPS, ids=["-".join((n, k, s, "stream" if t else "json")) for n, k, s, t in GROUPS])
def test_cuts(driver, all_formats, captured, canary, record_property, name, kind, spelling, streamed):
    _, form, behaviour, choices = KINDS[kind]
    prompt = form.format(email=canary.email(), phone=canary.phone(), host=canary.host())
    more = {"n": choices} if choices else {}
    ask = lambda **cut: driver(name).ask(prompt, {**behaviour, **SPELLINGS[spelling], **cut}, stream=streamed, **more)
    unsplit = ask()
    if "tool_calls" not in behaviour or "reply" in behaviour:
        start = "Both: " if "reply" in behaviour else "You said: "
        assert unsplit.texts == {i: start + prompt for i in range(choices or 1)}
    assert parsed(unsplit.calls) == expected_calls(name, behaviour, prompt, choices or 1)
    failed = {}
    for delta, tcp in cuts(streamed):
        try:
            said = ask(delta_bytes=delta, tcp_bytes=tcp)
            if not said.same(unsplit):
                failed[f"delta={delta} tcp={tcp}"] = f"{said.texts} {said.calls}"
        except Exception as error:  # whatever a package raises is this case's result, and the others go on
            failed[f"delta={delta} tcp={tcp}"] = f"{type(error).__name__}: {error}"
    record_property("cases", len(cuts(streamed)))
    assert not failed, f"{len(failed)} of {len(cuts(streamed))} cases: {failed}"
    arrived = captured.raw()
    assert arrived.count(b"\r\n\r\n") >= len(cuts(streamed)), "not every case arrived"
    if all_formats.gateway:
        assert_unseen(canary.values, arrived)
        assert len(TOKEN.findall(arrived)) >= 2 * len(cuts(streamed)), "no tokens stand for the values"
