"""The witnesses themselves: the mock does what it is told, and the proofs used here can fail."""

import base64
import json
import socket
import ssl

import httpx
import pytest

from agent import CHAT, chat_body, events_of, raw_exchange, text_of
from captured import assert_unseen
from process import wait_until
from terminator import Terminator


@pytest.fixture
def own(start_mock):
    return start_mock(names=("one", "two"))


def post(mock, body, listener="one", path="/chat/completions", **more):
    return httpx.post(mock.url(listener) + path, content=body if isinstance(body, bytes) else json.dumps(body), timeout=5, **more)


def told(mock, prompt="hello", stream=False, **behaviour):
    return post(mock, chat_body(prompt, stream=stream, mock=behaviour))


REPLIES = {
    "echo": ("hi", {}, "You said: hi"),
    "parts": ([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]}], {}, "You said: ab"),
    "no-text": ([{"role": "user", "content": None}], {}, "You said: (no text)"),
    "no-user": ([{"role": "system", "content": "x"}], {}, "You said: (no text)"),
    "last-user": ([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"role": "tool", "content": "c"}], {}, "You said: b"),
    "scripted": ("hi", {"reply": "no {{x}} {{last_user}}{{"}, "no {{x}} hi{{"),
    "token": ("a XEMAIL_7KD3MWQ9TX b ORG_7KD3MWQ9TX c XEMAIL_7KD3MWQ9TX d IBAN_7KD3MWQ9TT",
              {"reply": "{{last_token}}|{{token 2}}|{{token 3}}|{{token 4}}"}, "XEMAIL_7KD3MWQ9TX|ORG_7KD3MWQ9TX|IBAN_7KD3MWQ9TT|"),
    "no-token": ("email_7KD3MWQ9TX EMAIL_7KD3MWQ9T 9_7KD3MWQ9TX", {"reply": "<{{last_token}}>"}, "<>"),
    "repeat": ("hi", {"reply": "ab", "repeat": 3}, "ababab"),
}


@pytest.mark.parametrize("prompt,behaviour,expected", REPLIES.values(), ids=REPLIES)
def test_reply(own, prompt, behaviour, expected):
    assert told(own, prompt, **behaviour).json()["choices"][0]["message"]["content"] == expected
    assert text_of(events_of(told(own, prompt, stream=True, **behaviour).content)) == expected


@pytest.mark.parametrize("delta", range(1, 9))
def test_deltas_are_cut_at_code_points(own, delta):
    prompt = "aé日😀" * 3
    answer = told(own, prompt, stream=True, delta_bytes=delta, escape_unicode=delta % 2 == 0)
    assert text_of(events_of(answer.content)) == "You said: " + prompt
    assert (delta % 2 == 0) == answer.content.isascii()


ERRORS = {
    "no-json": (b"{", 400), "no-object": (b"[]", 400), "no-messages": (b'{"model":"m"}', 400),
    "unknown-key": (chat_body("x", mock={"replay": "y"}), 400), "wrong-type": (chat_body("x", mock={"repeat": "3"}), 400),
    "out-of-range": (chat_body("x", mock={"repeat": 0}), 400), "no-keys": (chat_body("x", mock=3), 400),
    "bad-metadata": (chat_body("x", metadata={"mock": "{"}), 400), "told": (chat_body("x", mock={"status": 451}), 451),
    "by-metadata": (chat_body("x", metadata={"mock": '{"status": 452}'}), 452),
    "by-error": (chat_body("x", mock={"error": {"message": "m"}}), 500),
}


@pytest.mark.parametrize("body,status", ERRORS.values(), ids=ERRORS)
def test_errors(own, body, status):
    answer = post(own, body)
    assert answer.status_code == status and answer.json()["error"]["message"]


def test_paths_and_methods(own):
    root = own.url("one").removesuffix("/v1")
    assert {httpx.get(root + path).status_code for path in ("/models", "/v1/models", "/v1/models?x=y")} == {200}
    assert httpx.get(root + "/v1/models").json()["data"][0]["owned_by"] == "one"
    assert httpx.get(root + CHAT).status_code == 405 and httpx.post(root + "/v1/x").status_code == 404


def test_scenario_rules(own):
    own.script({"reply": "default"}, [({"listener": "two"}, {"reply": "by listener"}), ({"contains": "blue"}, {"reply": "by text"}),
                                      ({"path": "/v1/models"}, {"status": 404})])
    say = lambda prompt, listener="one", **more: post(own, chat_body(prompt, **more), listener).json()["choices"][0]["message"]["content"]
    assert (say("x"), say("blue"), say("blue", "two")) == ("default", "by text", "by listener")
    assert say("blue", mock={"reply": "own"}) == "own"
    assert httpx.get(own.url("one") + "/models").status_code == 404
    own.script({"reply": "changed"})
    assert say("blue") == "changed"


def test_capture_is_exact(own):
    captured = own.captured()
    odd = b'{ "model":"m","messages":[ ],"x":"\\u0041" }'
    request = b"POST /v1/chat/completions HTTP/1.1\r\nHost:  a\r\nX-Odd: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n" + \
        b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in odd) + b"0\r\n\r\n"
    ahead = b"GET /models HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n"
    answers = raw_exchange(own.ports["two"], request + ahead)
    assert answers.count(b"HTTP/1.1 200 OK") == 2 and answers.endswith(b'"owned_by":"two"}]}')
    assert captured.raw() == captured.raw("two") == request + ahead and captured.raw("one") == b""
    first, second = captured.requests("two")
    assert first.body == odd and first.header("x-odd") == ["é"] and second.path == "/models"
    not_utf8 = b"\xff\xfe{}"
    assert post(own, not_utf8).status_code == 400
    assert captured.only_request("one").body == not_utf8
    assert raw_exchange(own.ports["one"], b"junk\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert b"junk\r\n\r\n" in captured.raw("one")


# What arrives when an answer is told to break off: (status or None, bytes of the body are complete).
BREAKS = {
    "close-at-once": ({"close_after_bytes": 0}, httpx.RemoteProtocolError),
    "close-in-body": ({"close_after_bytes": 200}, httpx.RemoteProtocolError),
    "truncate": ({"truncate": 0}, httpx.RemoteProtocolError),
    "reset": ({"reset_after_bytes": 200}, httpx.ReadError),
    "stall": ({"stall_after_events": 0}, httpx.ReadTimeout),
    "delay": ({"delay_ms": 5000}, httpx.ReadTimeout),
}


@pytest.mark.parametrize("behaviour,error", BREAKS.values(), ids=BREAKS)
@pytest.mark.parametrize("streamed", (False, True))
def test_breaking_off(own, behaviour, error, streamed):
    with pytest.raises(error):
        httpx.post(own.url("one") + "/chat/completions", json=chat_body("x", stream=streamed, mock=behaviour), timeout=0.4)


def test_who_closed_is_kept(own):
    captured = own.captured()
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(own.url("one") + "/chat/completions", json=chat_body("x", mock={"delay_ms": 60_000}), timeout=0.3)
    state = lambda: {record["state"]: record.get("closed_by") for record in captured.connections().values()}
    wait_until(lambda: state() == {"closed": "peer"}, seconds=2)
    told(own, connection_close=True)
    wait_until(lambda: [r["closed_by"] for r in captured.connections().values() if r["state"] == "closed"] == ["peer", "mock"], seconds=2)


FRAMES = {
    "until-close": ({"until_close": True}, {"connection": "close"}, ("content-length", "transfer-encoding")),
    "coding": ({"content_encoding": "x-none", "headers": {"x-a": "b"}}, {"content-encoding": "x-none", "x-a": "b"}, ()),
    "type": ({"content_type": "text/odd"}, {"content-type": "text/odd"}, ()),
    "close": ({"connection_close": True}, {"connection": "close"}, ()),
}


@pytest.mark.parametrize("behaviour,present,absent", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("streamed", (False, True))
def test_heads(own, behaviour, present, absent, streamed):
    with httpx.stream("POST", own.url("one") + "/chat/completions", json=chat_body("x", stream=streamed, mock=behaviour)) as answer:
        assert b"You said: x" in b"".join(answer.iter_raw())
    assert present.items() <= dict(answer.headers).items() and not set(absent) & set(answer.headers)


def test_raw_bytes(own):
    assert told(own, raw_body="a {{last_user}}").text == "a hello"
    assert told(own, raw_body_base64=base64.b64encode(b"\xff\0x").decode()).content == b"\xff\0x"
    assert told(own, stream=True, raw_body="data: x\n\n").headers["content-type"] == "text/event-stream"
    assert told(own, raw_answer="HTTP/1.1 299 Odd\r\ncontent-length: 2\r\n\r\nok").status_code == 299
    assert told(own, raw_body_base64="***").status_code >= 400


EVENTS = {
    "crlf": ({"eol": "crlf"}, b"}\r\n\r\ndata: "), "cr": ({"eol": "cr"}, b"}\r\rdata: "), "no-space": ({"no_space_after_data": True}, b"\n\ndata:{"),
    "lines": ({"multi_data_lines": True}, b"data: {\ndata: "), "no-done": ({"no_done": True}, b'"stop"}]}\n\n'),
    "error": ({"mid_stream_error": {"message": "m"}}, b'"message":"m"'),
}


@pytest.mark.parametrize("behaviour,seen", EVENTS.values(), ids=EVENTS)
def test_event_spelling(own, behaviour, seen):
    content = told(own, stream=True, **behaviour).content
    events = events_of(content)
    assert seen in content
    assert ("[DONE]" in events) == (not {"no_done", "mid_stream_error"} & set(behaviour))
    assert all(json.loads(event) for event in events if event != "[DONE]")


def test_small_writes_are_separate(own):
    """With a read for each write, many pieces arrive; without the split, one or two."""
    pieces = {}
    for size in (0, 3):
        with socket.create_connection(("127.0.0.1", own.ports["one"]), timeout=5) as connection:
            body = json.dumps(chat_body("x", mock={"tcp_bytes": size, "repeat": 400, "connection_close": True})).encode()
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            pieces[size] = sum(1 for _ in iter(lambda c=connection: c.recv(65536), b""))
    assert pieces[0] <= 2 < pieces[3]


@pytest.mark.parametrize("coded", (
    lambda v: v, lambda v: v.hex().encode(), lambda v: v.hex().upper().encode(), base64.b64encode, base64.urlsafe_b64encode,
    lambda v: base64.b64encode(b"a" + v + b"z"), lambda v: base64.b64encode(b"ab" + v), lambda v: base64.b64encode(b"abc" + v + b"xy"),
    lambda v: v.replace(b"@", b"%40"), lambda v: v[::-1]))
def test_the_proof_can_fail(coded, canary):
    value = canary.email()
    assert_unseen([value], b"before " + b"x" * 100 + b" after")
    with pytest.raises(AssertionError):
        assert_unseen([value], b"before " + coded(value.encode()) + b" after")


HANDSHAKES = {
    "good": (lambda ca: ca.issued("h-good"), None),
    "wrong-host": (lambda ca: ca.issued("h-host", names="DNS:other.example"), "Hostname mismatch"),
    "expired": (lambda ca: ca.issued("h-old", begin="20200101000000Z", end="20200201000000Z"), "certificate has expired"),
    "not-yet": (lambda ca: ca.issued("h-new", begin="20480101000000Z"), "not yet valid"),
    "self-signed": (lambda ca: ca.self_signed("h-self"), "self-signed certificate"),
}


@pytest.mark.parametrize("make,reason", HANDSHAKES.values(), ids=HANDSHAKES)
def test_certificates_are_wrong_in_one_way(certificates, own, make, reason):
    terminator = Terminator(*make(certificates), own.ports["one"])
    context = ssl.create_default_context(cafile=certificates.ca)
    url = f"https://localhost:{terminator.port}/v1/models"
    if reason is None:
        assert httpx.get(url, verify=context).status_code == 200 and terminator.plain.startswith(b"GET /v1/models")
    else:
        with pytest.raises(httpx.ConnectError, match=reason):
            httpx.get(url, verify=context)
        assert not terminator.plain
    terminator.close()
