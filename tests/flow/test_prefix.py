"""Providers cache by prefix: what is not replaced stays byte for byte, and each turn begins with the one before it."""

import json
import re

import pytest

from agent import Agent
from captured import assert_unseen
from conftest import DIRECT
from formats import DRIVERS, body_of, path_of

TOKEN = re.compile(rb"[A-Z]{1,12}_[2-9B-X]{10}")
CACHED = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


@pytest.fixture
def agent(all_formats):
    made = Agent(all_formats.root)
    yield made
    made.close()


def arrived(captured, canary):
    request = captured.requests()[-1]
    if not DIRECT:
        assert_unseen(canary.values, captured.raw())
        assert b"cache_control" not in request.body or TOKEN.search(request.body)
    return request.body


def masked(data, values):
    """The body with each value, or what stands for it, in a form of its own: what is left must not have changed."""
    for i, value in enumerate(values):
        data = data.replace(json.dumps(value)[1:-1].encode(), b"<%d>" % i).replace(value.encode(), b"<%d>" % i)
    return data


def tokens_named(data, values, sent):
    """The same form of what arrived: the Nth token stands for the value that stands Nth in what was sent."""
    order, seen = [], {}
    for match in re.finditer(rb"<(\d+)>", masked(sent, values)):
        order.append(match.group(0))
    for token, name in zip(TOKEN.findall(data), order):
        assert seen.setdefault(token, name) == name, "one value has two tokens, or two values one"
    return TOKEN.sub(lambda match: seen[match.group(0)], data)


# A body of each format that has cache marks, odd spacing, odd numbers and escapes around values: `{0}`.. are the values.
BODIES = {
    "openai-chat": '{ "model" :"mock",\n "temperature":1.0e0, "messages":[{"role":"system","content":"Be \\u0062rief, {0}"} ,'
                   '{"content":[{"type":"text","text":"{1}\\/x \\u00e9","cache_control":{"type":"ephemeral"}}],"role":"user"}],"x":[1,2.50,-0,1E3] }',
    "openai-completions": '{"prompt" : "To {0}\\n\\tand\\u0020{1}", "model":"mock","max_tokens":  16 , "logit_bias":{"50256":-1e2}}\n',
    "openai-responses": '{"model":"mock","instructions":"Ask {0}" ,"input":[{"role":"user","content":[{"type":"input_text","text":"{1} \\ud83d\\ude00"}]}],'
                        '"prompt_cache_key":"k-1", "reasoning":{"effort":"low"} , "store" : false}',
    "anthropic-messages": '{"max_tokens":1000,"model":"mock","system":[{"type":"text","text":"You serve {0}","cache_control":{"type":"ephemeral","ttl":"1h"}}],'
                          '"tools":[{"name":"f","description":"mails {1}","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral"}}],'
                          '\r\n"messages":[{"role":"user","content":[{"cache_control":{"type":"ephemeral"},"type":"text","text":"Hi {0}, \\"{1}\\""}]}]}',
    "ollama-chat": '{"model":"mock","stream":false , "options":{"temperature":0.10,"seed":42},"messages":[{"role":"user","content":"{0} – {1}"}]}',
    "ollama-generate": '{"model":"mock", "stream":false,"prompt":"{0} \\t {1}","keep_alive":"5m" ,"options":{}}',
    "gemini": '{"contents":[{"parts":[{"text":"{0} \\u003c {1}"}],"role":"user"}] , "generationConfig":{"temperature":0.50},"labels":{"a":"b"}}',
    "gemini-beta": '{"systemInstruction":{"parts":[{"text":"{0}"}]},"contents":[{"role":"user","parts":[{"text":"{1}"}]}]}',
}


@pytest.mark.parametrize("name", DRIVERS)
def test_untouched_bytes_stay(agent, captured, canary, name):
    values = [canary.email(), canary.host()]
    sent = BODIES[name].replace("{0}", values[0]).replace("{1}", values[1]).encode()
    answer = agent.post(sent, path_of(name))
    assert answer.status_code == 200, answer.text
    body = arrived(captured, canary)
    assert tokens_named(body, values, sent) == masked(sent, values) if not DIRECT else body == sent


def text_body(name, history):
    """The request of the next turn, with all turns before it, always in the same spelling."""
    role = lambda i, other: other if i % 2 else "user"
    parts = lambda text: [{"type": "text", "text": text, **CACHED}]
    if name == "anthropic-messages":
        messages = [{"role": role(i, "assistant"), "content": parts(text)} for i, text in enumerate(history)]
        body = {"model": "mock", "max_tokens": 100, "system": parts("Be brief."), "messages": messages}
    elif name == "openai-responses":
        kind = lambda i: "output_text" if i % 2 else "input_text"
        body = {"model": "mock", "input": [{"role": role(i, "assistant"), "content": [{"type": kind(i), "text": t}]} for i, t in enumerate(history)]}
    elif name.startswith("gemini"):
        body = {"contents": [{"role": role(i, "model"), "parts": [{"text": text}]} for i, text in enumerate(history)]}
    elif name in ("openai-completions", "ollama-generate"):
        body = {"model": "mock", **({"stream": False} if name == "ollama-generate" else {}), "prompt": "\n".join(history)}
    else:
        messages = [{"role": role(i, "assistant"), "content": text} for i, text in enumerate(history)]
        body = {"model": "mock", **({"stream": False} if name == "ollama-chat" else {}), "messages": messages}
    return json.dumps(body, ensure_ascii=False).encode()


# What closes behind the last turn, and is no part of the prefix.
CLOSING = re.compile(rb'[\s"\]}]*$')


@pytest.mark.parametrize("name", DRIVERS)
def test_each_turn_begins_with_the_last(agent, captured, canary, name):
    history, before = [], b""
    emails = [canary.email() for _ in range(3)]
    for turn in range(6):
        history.append(f"Turn {turn}: ask {emails[turn % 3]} or {canary.phone()}, Zoë.")
        if turn % 2 == 1 and name not in ("openai-completions", "ollama-generate"):
            history[-1] = f"I asked {emails[0]} and {emails[turn % 3]}: \"yes\" \\ 日本."
            continue
        answer = agent.post(text_body(name, history), path_of(name))
        assert answer.status_code == 200, answer.text
        body = arrived(captured, canary)
        assert body.startswith(before), f"turn {turn} does not begin with the turn before"
        before = CLOSING.sub(b"", body)
    assert len(before) > 300


@pytest.mark.parametrize("name", DRIVERS)
def test_the_same_request_is_the_same_bytes(agent, all_formats, captured, canary, name):
    body = json.dumps(body_of(name, f"ask {canary.email()} at {canary.host()}")).encode()
    another = Agent(all_formats.root)
    for one in (agent, another, agent):
        assert one.post(body, path_of(name)).status_code == 200
    another.close()
    assert len({request.body for request in captured.requests()}) == 1
    arrived(captured, canary)
