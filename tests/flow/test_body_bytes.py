"""What reaches the upstream, byte for byte."""

import json

import pytest

from agent import CHAT, JSON, text_of, events_of
from captured import assert_unseen

LOW_BODIES = {
    "spacing": b'\r\n{ "model" :"mock",\n\t"messages":[ {"content":"hi" , "role" : "user" } ]\t}\r\n ',
    "numbers": b'{"model":"mock","temperature":1.0e0,"top_p":0.10,"seed":9007199254740991,"x":[1,2.50,-0,1E3,1e-7],'
               b'"messages":[{"role":"user","content":"hi"}]}',
    "escapes": b'{"model":"mock","messages":[{"role":"user","content":"Caf\\u00e9 \\/ na\\u00EFve \\ud83d\\ude00 \\t \\u0041"}]}',
    "non-ascii": '{"model":"mock","messages":[{"role":"user","content":"Ünïcödé 日本語 😀"}]}'.encode(),
    "order": b'{"messages":[{"content":"hi","role":"user"}],"stream":false,"model":"mock"}',
    "unknown": b'{"x_vendor":{"deep":[[[null,true,false,{}]]],"":""},"model":"mock","messages":[{"role":"user","content":"hi",'
               b'"cache_control":{"type":"ephemeral"},"x":1}]}',
}


@pytest.mark.parametrize("body", LOW_BODIES.values(), ids=LOW_BODIES)
def test_low_is_untouched(agent, captured, body):
    answer = agent.post(body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-sluice-tier"] == "LOW" and answer.headers["x-sluice-tokens"] == "0"
    request = captured.only_request("metered")
    assert request.body == body
    assert captured.raw().endswith(b"\r\n\r\n" + body)
    assert request.header("content-length") == [str(len(body))] and request.header("transfer-encoding") == []


def test_chunked_arrives_whole(agent, captured):
    body = LOW_BODIES["spacing"]
    answer = agent.client.post(CHAT, content=(body[i:i + 5] for i in range(0, len(body), 5)), headers=JSON)
    assert answer.status_code == 200, answer.text
    assert captured.only_request("metered").body == body


def test_agents_head_stays_here(agent, captured):
    body = LOW_BODIES["order"]
    answer = agent.post(body, **{"authorization": "Bearer agent-secret-key", "cookie": "session=agent-cookie",
                                 "x-forwarded-for": "10.9.8.7", "x-anything": "agent-header"})
    assert answer.status_code == 200, answer.text
    request = captured.only_request("metered")
    assert request.header("authorization") == ["Bearer upstream-key-of-metered"]
    assert request.header("accept-encoding") in ([], ["identity"])
    assert b"agent-" not in captured.raw() and b"10.9.8.7" not in captured.raw()


@pytest.mark.parametrize("streamed", (False, True))
def test_each_turn_begins_with_the_last(agent, captured, canary, streamed):
    """Turn N+1's messages repeat turn N's bytes, so that a provider's prompt cache keeps hitting."""
    history, before = [], b""
    for turn in range(4):
        history.append({"role": "user", "content": f"Turn {turn}: ask {canary.email()} or {canary.phone()}, Zoë."})
        answer = agent.post(json.dumps({"model": "mock", "stream": streamed, "messages": history}, ensure_ascii=False).encode())
        assert answer.status_code == 200, answer.text
        text = text_of(events_of(answer.content)) if streamed else answer.json()["choices"][0]["message"]["content"]
        assert text == "You said: " + history[-1]["content"]
        arrived = captured.requests()[-1].body
        assert arrived.startswith(before)
        before = arrived.rstrip().removesuffix(b"]}")
        history.append({"role": "assistant", "content": text})
    assert_unseen(canary.values, captured.raw())


def test_unknown_fields_are_kept(agent, captured, canary):
    extra = {"x_list": [1, 2.5, None], "x_object": {"deep": {"er": "text"}}, "temperature": 0.25, "seed": 7}
    answer = agent.chat(f"Hello {canary.email()}.", **extra)
    assert answer.status_code == 200, answer.text
    arrived = captured.only_request().json()
    assert {name: arrived[name] for name in extra} == extra


def test_values_in_unknown_places_are_replaced(agent, captured, canary):
    answer = agent.chat("Hello.", x_note=canary.email(), x_deep=[{"a": [canary.host()]}], metadata={"owner": canary.email()},
                        stop=[canary.email()], tools=[{"type": "function", "function": {
                            "name": "f", "description": f"mails {canary.email()}",
                            "parameters": {"type": "object", "properties": {"to": {"enum": [canary.email()]}}}}}])
    assert answer.status_code == 200, answer.text
    assert captured.only_request().json()["x_deep"][0]["a"][0]
    assert_unseen(canary.values, captured.raw())
