"""What an agent gets back: headers, errors, and answers that break off."""

import json
import time

import httpx
import pytest

from agent import CHAT, Agent, events_of, text_of
from captured import assert_unseen
from process import wait_until

@pytest.fixture
def well(agent, canary):
    """An answer of each upstream just before: failures of other tests are forgotten, and no breaker opens."""
    for tier in ("low", "medium", "high"):
        assert agent.chat(getattr(canary, tier)()).status_code == 200


HEADERS = ("x-sluice-request-id", "x-sluice-tier", "x-sluice-upstream", "x-sluice-tokens")


def test_headers_stand_on_every_answer(agent, captured, canary):
    mail = f"Write to {canary.email()} and {canary.email()}."
    asked = [agent.chat(canary.low()), agent.chat(mail), agent.chat(mail, stream=True), agent.chat(canary.blocked()),
             agent.chat(mail, mock={"status": 418}), agent.post(b"{"), agent.client.get("/v1/nothing")]
    assert [a.status_code for a in asked] == [200, 200, 200, 403, 418, 400, 404]
    for answer in asked:
        assert all(name in answer.headers for name in HEADERS), answer.headers
    assert len({answer.headers["x-sluice-request-id"] for answer in asked}) == len(asked)
    assert [a.headers["x-sluice-tokens"] for a in asked[:4]] == ["0", "2", "2", "0"]
    assert [a.headers["x-sluice-tier"] for a in asked[:4]] == ["LOW", "MEDIUM", "MEDIUM", "BLOCKED"]


def test_upstreams_own_headers_stay_there(agent, captured):
    told = {"x-sluice-tier": "LOW-or-so", "set-cookie": "a=b", "x-should-retry": "true", "x-ratelimit-remaining-requests": "7"}
    answer = agent.chat("hello", mock={"headers": told})
    assert answer.headers["x-sluice-tier"] == "LOW" and "set-cookie" not in answer.headers


@pytest.mark.parametrize("status", (400, 401, 404, 429))
@pytest.mark.parametrize("streamed", (False, True))
def test_error_bodies_pass_unrestored(agent, well, captured, canary, status, streamed):
    error = {"message": "no such {{last_token}}", "type": "invalid_request_error", "code": "mock_code"}
    answer = agent.chat(f"Mail {canary.email()}.", stream=streamed, mock={"status": status, "error": error})
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == "mock_code"
    assert_unseen(canary.values, answer.content, "the error")


@pytest.mark.parametrize("streamed", (False, True))
def test_a_server_error_is_no_success(agent, well, captured, canary, streamed):
    answer = agent.chat(f"Mail {canary.email()}.", stream=streamed, mock={"status": 500})
    assert answer.status_code >= 500 and "error" in answer.json()


# How a stream ends too early. Seven events would come: role, text in cuts of 24 bytes, finish, [DONE].
EARLY = {
    "closed": {"truncate": 3},
    "closed-in-an-event": {"close_after_bytes": 900},
    "closed-without-chunks": {"truncate": 3, "until_close": True},
    "no-done": {"no_done": True},
    "reset": {"reset_after_bytes": 900},
    "stalled": {"stall_after_events": 3},
    "upstream-error": {"mid_stream_error": {"message": "overloaded", "code": "mock_code"}},
}


@pytest.mark.parametrize("behaviour", EARLY.values(), ids=EARLY)
def test_an_early_end_is_told(agent, well, captured, canary, behaviour):
    reply = "word " * 20 + "{{last_token}} EMAIL_7KD"
    answer, data = agent.stream(f"Mail {canary.email()}.", mock={"reply": reply, "delta_bytes": 24, **behaviour})
    assert answer.status_code == 200
    events = events_of(data)
    assert "[DONE]" not in events
    error = json.loads(events[-1])["error"]
    assert error["message"] and (behaviour.get("mid_stream_error") is None or error["code"] == "mock_code")
    assert text_of(events[:-1]).startswith("word word")


# Answers that are no good at all, as a whole and as a stream: 502, or an error event, never a silent success.
BAD = {
    "gzip": {"content_encoding": "gzip"},
    "cut-json": {"close_after_bytes": 250},
    "reset-at-once": {"reset_after_bytes": 0},
    "reset-in-head": {"reset_after_bytes": 30},
    "length-on-204": {"raw_answer": "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello"},
    "unasked-101": {"raw_answer": "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"},
    "status-99": {"raw_answer": "HTTP/1.1 99 What\r\ncontent-length: 2\r\n\r\n{}"},
    "two-lengths": {"raw_answer": "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} "},
    "silence": {"stall_after_events": 0},
}


@pytest.mark.parametrize("behaviour", BAD.values(), ids=BAD)
@pytest.mark.parametrize("streamed", (False, True))
def test_a_bad_answer_is_no_success(agent, well, captured, canary, behaviour, streamed):
    ask = {"mock": behaviour, "stream": True} if streamed else {"mock": behaviour}
    prompt = f"Mail {canary.email()}."
    try:
        with agent.client.stream("POST", CHAT, json={"model": "mock", "messages": [{"role": "user", "content": prompt}], **ask}) as answer:
            data = b"".join(answer.iter_raw())
    except (httpx.RemoteProtocolError, httpx.ReadError):
        return  # cut off in the middle: no client takes that for an answer
    assert answer.status_code >= 500 or b'"error"' in data, data
    assert b"[DONE]" not in data


@pytest.mark.parametrize("body", ("<html>{{last_token}}</html>", '{"choices":[{"message":{"content":"{{last_token}}', "", "[]"))
def test_an_answer_that_is_no_json_passes_unrestored(agent, captured, canary, body):
    answer = agent.chat(f"Mail {canary.email()}.", mock={"raw_body": body})
    assert answer.status_code == 200
    assert_unseen(canary.values, answer.content, "the answer")
    assert answer.text.startswith(body.partition("{{")[0])


def test_plain_json_for_a_stream_request(agent, captured, canary):
    prompt = f"Mail {canary.email()}."
    answer = agent.chat(prompt, stream=True, mock={"plain_json_for_stream": True})
    assert answer.json()["choices"][0]["message"]["content"] == "You said: " + prompt


def test_unmodelled_events_are_restored_and_kept(agent, captured, canary):
    body = ': ping\n\nevent: odd\ndata: to {{last_token}}\nid: 7\n\ndata: {"x":"{{last_token}}"}\n\ndata: [DONE]\n\n'
    email = canary.email()
    answer = agent.chat(f"Mail {email}.", stream=True, mock={"raw_body": body})
    assert answer.text == body.replace("{{last_token}}", email)


@pytest.mark.parametrize("streamed", (False, True))
def test_client_gone_cancels_upstream(gateway, mock, captured, canary, streamed):
    """The mock would write for minutes; the connection closes as soon as the agent is gone."""
    agent = Agent(gateway.url)
    behaviour = {"repeat": 1000, "chunk_delay_ms": 100} if streamed else {"delay_ms": 60_000}
    try:
        with agent.client.stream("POST", CHAT, timeout=1.0, json={
                "model": "mock", "stream": streamed, "mock": behaviour, "messages": [{"role": "user", "content": canary.high()}]}) as answer:
            next(answer.iter_raw())
    except httpx.ReadTimeout:
        pass
    request = captured.only_request("local")
    agent.close()
    closed = lambda: captured.connections()[request.connection]["state"] == "closed"
    wait_until(closed, seconds=2)
    assert captured.connections()[request.connection]["closed_by"] == "peer"


def test_a_slow_agent_holds_the_upstream_back(gateway, mock, captured):
    """50 MB are on offer and nobody reads: the mock may have sent only what buffers hold."""
    agent = Agent(gateway.url)
    with agent.client.stream("POST", CHAT, json={
            "model": "mock", "stream": True, "mock": {"reply": "x" * 5000, "repeat": 10_000, "tcp_bytes": 65536},
            "messages": [{"role": "user", "content": "hello"}]}) as answer:
        chunk = next(answer.iter_raw())
        time.sleep(1)
    request = captured.only_request()
    agent.close()
    wait_until(lambda: captured.connections()[request.connection]["state"] == "closed", seconds=5)
    assert chunk and captured.connections()[request.connection]["sent_bytes"] < 25_000_000
