"""What is refused, how it is said, and that nothing of it arrives anywhere."""

import json

import httpx
import openai
import pytest

from agent import CHAT, Agent, raw_exchange
from captured import assert_unseen
from gateway import upstream
from process import free_port

BLOCKED = {
    "aws-key": lambda canary: f"Use {canary.aws_key()} to list the buckets.",
    "assignment": lambda canary: f"DB_PASSWORD={canary.password()}\n",
    "json": lambda canary: json.dumps({"api_key": canary.password()}),
    "pem": lambda canary: "Here it is:\n" + canary.pem() + "\nKeep it.",
}


def check_error_shape(answer, status, code):
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"} and error["code"] == code
    assert answer.headers["x-sluice-request-id"]
    return error


@pytest.mark.parametrize("make", BLOCKED.values(), ids=BLOCKED)
@pytest.mark.parametrize("streamed", (False, True))
def test_blocked(agent, captured, canary, gateway, make, streamed):
    answer = agent.chat(make(canary), stream=streamed)
    error = check_error_shape(answer, 403, "sluice_blocked")
    assert answer.headers["x-should-retry"] == "false" and answer.headers["x-sluice-tier"] == "BLOCKED"
    assert error["rules"] and all(isinstance(rule, str) for rule in error["rules"])
    assert error["paths"] and set(error["paths"]) == {"$.messages[0].content"}
    assert_unseen(canary.values, answer.content + str(answer.headers).encode(), "the agent")
    assert captured.raw() == b""
    assert_unseen(canary.values, gateway.written(), "the gateway's own files")


def test_path_of_a_finding_names_no_value(agent, captured, canary):
    answer = agent.chat("hello", x_secret={canary.aws_key(): [canary.aws_key()]})
    error = check_error_shape(answer, 403, "sluice_blocked")
    assert all(path.startswith("$.x_secret") for path in error["paths"])
    assert_unseen(canary.values, answer.content, "the agent")
    assert captured.raw() == b""


def test_openai_raises_once_and_does_not_retry(gateway, captured, canary):
    sent = []
    counting = httpx.Client(event_hooks={"request": [sent.append]})
    with openai.OpenAI(base_url=gateway.url + "/v1", api_key="k", max_retries=5, http_client=counting) as client:
        with pytest.raises(openai.PermissionDeniedError) as refused:
            client.chat.completions.create(model="mock", messages=[{"role": "user", "content": canary.blocked()}])
    assert refused.value.code == "sluice_blocked" and len(sent) == 1
    assert captured.raw() == b""


@pytest.mark.parametrize("tier,listener", (("low", "metered"), ("medium", "subscription"), ("high", "local")))
def test_a_tier_goes_where_it_may(agent, captured, canary, tier, listener):
    answer = agent.chat(getattr(canary, tier)())
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-sluice-tier"] == tier.upper() and answer.headers["x-sluice-upstream"] == listener
    assert {request.listener for request in captured.requests()} == {listener}


# Which listeners are there, and what each tier gets: a listener's name, or 503.
WITHOUT = {
    "no-local": (("metered", "subscription"), {"low": "metered", "medium": "subscription", "high": 503}),
    "metered-alone": (("metered",), {"low": "metered", "medium": 503, "high": 503}),
    "nothing": ((), {"low": 503, "medium": 503, "high": 503}),
}


@pytest.mark.parametrize("up,expected", WITHOUT.values(), ids=WITHOUT)
def test_a_fallback_is_never_less_trusted(start_gateway, mock, captured, canary, up, expected):
    """The upstreams that are down refuse connections; they stay configured."""
    down = f"http://127.0.0.1:{free_port()}/v1"
    names = ("metered", "subscription", "local")
    started = start_gateway([upstream(name, mock.url(name) if name in up else down) for name in names], ready="/healthz")
    agent = Agent(started.url)
    for tier, outcome in expected.items():
        seen = len(captured.requests())
        answer = agent.chat(getattr(canary, tier)())
        if outcome == 503:
            check_error_shape(answer, 503, answer.json()["error"]["code"])
            assert len(captured.requests()) == seen
        else:
            assert answer.status_code == 200 and captured.requests()[-1].listener == outcome
    assert_unseen(canary.values, captured.raw())
    agent.close()


HELLO = b'{"model":"mock","messages":[{"role":"user","content":"hello"}]}'
DEEP = b'{"x":' + b"[" * 100 + b"]" * 100 + b',"model":"mock","messages":[]}'

BODIES = {
    "duplicate-key": b'{"model":"mock","messages":[],"messages":[]}',
    "duplicate-escaped-key": b'{"model":"mock","messages":[],"\\u006dodel":"other"}',
    "invalid-utf8": b'{"model":"mock","messages":[{"role":"user","content":"\xff\xfe"}]}',
    "overlong-utf8": b'{"model":"mock","messages":[{"role":"user","content":"\xc0\xaf"}]}',
    "surrogate-bytes": b'{"model":"mock","messages":[{"role":"user","content":"\xed\xa0\x80"}]}',
    "lone-surrogate": b'{"model":"mock","messages":[{"role":"user","content":"\\ud800"}]}',
    "escaped-nul": b'{"model":"mock","messages":[{"role":"user","content":"a\\u0000b"}]}',
    "raw-nul": HELLO + b"\0",
    "trailing-garbage": HELLO + b"x",
    "two-documents": HELLO + HELLO,
    "byte-order-mark": b"\xef\xbb\xbf" + HELLO,
    "comment": b'{"model":"mock",/**/"messages":[]}',
    "trailing-comma": b'{"model":"mock","messages":[],}',
    "nan": b'{"model":"mock","temperature":NaN,"messages":[]}',
    "truncated": HELLO[:-1],
    "too-deep": DEEP,
    "utf-16": HELLO.decode().encode("utf-16"),
    "empty": b"",
    "no-object": b"[]",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_one_reading_or_none(agent, captured, body):
    answer = agent.post(body)
    check_error_shape(answer, 400, answer.json()["error"]["code"])
    assert captured.raw() == b""


HEADS = {
    "no-such-path": (404, "POST", "/v1/other", {}),
    "no-v1": (404, "POST", "/chat/completions", {}),
    "slashes": (400, "POST", "/v1//chat/completions", {}),
    "dots": (400, "POST", "/v1/../v1/chat/completions", {}),
    "escaped": (400, "POST", "/v1/chat%2fcompletions", {}),
    "get-chat": (405, "GET", CHAT, {}),
    "put-chat": (405, "PUT", CHAT, {}),
    "post-models": (405, "POST", "/v1/models", {}),
    "text": (415, "POST", CHAT, {"content-type": "text/plain"}),
    "no-type": (415, "POST", CHAT, {"content-type": None}),
    "form": (415, "POST", CHAT, {"content-type": "multipart/form-data; boundary=x"}),
    "utf-16": (415, "POST", CHAT, {"content-type": "application/json; charset=utf-16"}),
    "stacked-coding": (415, "POST", CHAT, {"content-encoding": "gzip, gzip"}),
    "unknown-coding": (415, "POST", CHAT, {"content-encoding": "x-mine"}),
    "expect": (417, "POST", CHAT, {"expect": "200-maybe"}),
    "foreign-host": (421, "POST", CHAT, {"host": "evil.example"}),
}


def raw_request(port, method, path, fields, body=HELLO):
    head = {"host": f"127.0.0.1:{port}", "content-type": "application/json", "connection": "close", **fields}
    if method != "GET":
        head.setdefault("content-length", len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items() if value is not None)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if method == "GET" else body)


@pytest.mark.parametrize("status,method,path,fields", HEADS.values(), ids=HEADS)
def test_head_is_known_or_refused(gateway, captured, status, method, path, fields):
    answer = raw_exchange(gateway.port, raw_request(gateway.port, method, path, fields))
    assert int(answer.split(b" ", 2)[1]) == status
    assert b'"error"' in answer
    assert captured.raw() == b""


def test_utf8_charset_is_fine(gateway, captured):
    fields = {"content-type": "application/json; charset=UTF-8"}
    answer = raw_exchange(gateway.port, raw_request(gateway.port, "POST", CHAT, fields))
    assert answer.startswith(b"HTTP/1.1 200 ") and captured.only_request().body == HELLO


SMUGGLED = {
    "length-and-chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two-lengths": b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "signed-length": b"content-length: +5\r\n\r\nhello",
    "folded": b"content-length: 5\r\n x: y\r\n\r\nhello",
    "bare-lf": b"content-length: 5\nx: y\r\n\r\nhello",
    "space-before-colon": b"content-length : 5\r\n\r\nhello",
    "chunk-extension": b"transfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n",
    "upgrade": b"connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("rest", SMUGGLED.values(), ids=SMUGGLED)
def test_two_readings_are_refused(gateway, captured, rest):
    head = f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1:{gateway.port}\r\ncontent-type: application/json\r\n".encode()
    answer = raw_exchange(gateway.port, head + rest)
    assert answer.startswith(b"HTTP/1.1 4") and answer.count(b"HTTP/1.1 ") == 1
    assert captured.raw() == b""


@pytest.mark.parametrize("chunked", (False, True))
def test_too_large(gateway, agent, captured, chunked):
    if chunked:
        line = b"x" * 65536
        answer = agent.client.post(CHAT, content=(line for _ in range(80)), headers={"content-type": "application/json"})
        status = answer.status_code
    else:
        answer = raw_exchange(gateway.port, raw_request(gateway.port, "POST", CHAT, {"content-length": 5_000_000}, b"{"))
        status = int(answer.split(b" ", 2)[1])
    assert status == 413
    assert captured.raw() == b""


def test_token_ids_are_refused(agent, captured):
    answer = agent.chat([{"role": "user", "content": [15339, 1917]}])
    assert 400 <= answer.status_code < 500 and captured.raw() == b""
