"""The mock's other formats: every body, event and line is what the client packages' own types say it is."""

import json

import anthropic
import httpx
import ollama
import openai
import pydantic
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from google.genai import errors as gemini_errors
from google.genai import types as gemini_types
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

from agent import events_of
from formats import DRIVERS, body_of, path_of

# What a whole answer is, and what each event or line of a stream is.
TYPES = {
    "openai-chat": (ChatCompletion, ChatCompletionChunk),
    "openai-completions": (Completion, Completion),
    "openai-responses": (Response, ResponseStreamEvent),
    "anthropic-messages": (Message, RawMessageStreamEvent),
    "ollama-chat": (ollama.ChatResponse, ollama.ChatResponse),
    "ollama-generate": (ollama.GenerateResponse, ollama.GenerateResponse),
    "gemini": (gemini_types.GenerateContentResponse, gemini_types.GenerateContentResponse),
    "gemini-beta": (gemini_types.GenerateContentResponse, gemini_types.GenerateContentResponse),
}
CALLS = [{"name": "send_mail", "arguments": {"to": "{{last_user}}"}}, {"name": "f", "arguments": '{"a": "{{last_user}}"}'}]
BEHAVIOURS = {
    "text": {},
    "tools": {"tool_calls": CALLS},
    "tools-and-text": {"tool_calls": CALLS, "reply": "Calling: {{last_user}}"},
    "thinking": {"thinking": "Hm, {{last_user}}"},
    "redacted": {"thinking": "Hm", "redacted_thinking": True},
    "refusal": {"refusal": "No, not {{last_user}}"},
    "logprobs": {"logprobs": True},
    "all-calls": {"tool_calls": [{"name": "f", "arguments": "free {{last_user}}", "kind": kind} for kind in ("custom", "mcp", "code")]},
    "citations": {"citations": [{"url": "https://a.example/{{last_user}}", "title": "A", "text": "hé"}]},
}


@pytest.fixture(scope="module")
def one(mock):
    return mock.root("local")


def post(root, name, body, stream=False, **more):
    return httpx.post(root + path_of(name, stream), json=body, timeout=10, **more)


def items_of(name, answer):
    """The JSON of each event or line."""
    if name.startswith("ollama"):
        return [json.loads(line) for line in answer.content.split(b"\n") if line]
    return [json.loads(event) for event in events_of(answer.content) if event != "[DONE]"]


def validate(name, type_, value):
    if name.startswith("gemini"):
        for candidate in value.get("candidates", []):
            candidate.pop("citationMetadata", None)  # the package renames its members before it reads it
    if name == "openai-completions":
        for choice in value["choices"]:
            choice["finish_reason"] = choice["finish_reason"] or "stop"  # null until the last chunk; one type serves both
    pydantic.TypeAdapter(type_).validate_json(json.dumps(value))


# The package's own union does not have the kinds that mocks of the chat format may add.
UNMODELLED = {("openai-chat", "all-calls", True)}


@pytest.mark.parametrize("kind", BEHAVIOURS)
@pytest.mark.parametrize("name", DRIVERS)
@pytest.mark.parametrize("streamed", (False, True))
def test_shapes(one, mock, name, kind, streamed):
    mock.script()
    body = body_of(name, "hé 日", streamed, mock={**BEHAVIOURS[kind], "delta_bytes": 2})
    answer = post(one, name, body, streamed)
    assert answer.status_code == 200, answer.text
    if not streamed:
        validate(name, TYPES[name][0], answer.json())
        return
    items = items_of(name, answer)
    assert len(items) > (2 if DRIVERS[name].tools or "tool_calls" not in BEHAVIOURS[kind] else 0)
    for item in items:
        if item != {"type": "ping"} and (name, kind, streamed) not in UNMODELLED:
            validate(name, TYPES[name][1], item)


@pytest.fixture
def ask(one, mock):
    mock.script()
    drivers = []

    def ask(name, prompt="hello", behaviour=None, **more):
        drivers.append(DRIVERS[name](one))
        return drivers[-1].ask(prompt, behaviour, **more)

    yield ask
    for driver in drivers:
        driver.close()


@pytest.mark.parametrize("name", [n for n in DRIVERS if n not in ("openai-chat", "openai-completions")])
@pytest.mark.parametrize("streamed", (False, True))
def test_thinking_is_said(ask, name, streamed):
    said = ask(name, "hé", {"thinking": "about {{last_user}}", "delta_bytes": 3}, stream=streamed)
    assert said.thinking == "about hé" and said.texts[0] == "You said: hé"


EVENTS = ["response.created", "response.in_progress", "response.output_item.added", "response.reasoning_summary_part.added",
          "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
          "response.output_item.done", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
          "response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done",
          "response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done",
          "response.output_item.done", "response.completed"]


def test_the_events_of_responses(one):
    behaviour = {"thinking": "t", "reply": "a", "repeat": 2, "tool_calls": CALLS[:1]}
    answer = post(one, "openai-responses", body_of("openai-responses", "x", True, mock=behaviour), True)
    items = items_of("openai-responses", answer)
    assert [item["type"] for item in items] == EVENTS
    assert [item["sequence_number"] for item in items] == list(range(len(items)))
    assert b"[DONE]" not in answer.content and answer.content.count(b"event: ") == len(items)
    assert items[7]["item"]["encrypted_content"] and items[-1]["response"]["usage"]["total_tokens"]


def test_the_events_of_messages(one):
    behaviour = {"thinking": "t", "reply": "a", "tool_calls": CALLS[:1], "citations": [{"url": "u", "title": "t", "text": "a"}]}
    answer = post(one, "anthropic-messages", body_of("anthropic-messages", "x", True, mock=behaviour), True)
    assert [(item["type"], item.get("delta", {}).get("type"), item.get("index")) for item in items_of("anthropic-messages", answer)] == [
        ("message_start", None, None), ("content_block_start", None, 0), ("ping", None, None),
        ("content_block_delta", "thinking_delta", 0), ("content_block_delta", "signature_delta", 0), ("content_block_stop", None, 0),
        ("content_block_start", None, 1), ("content_block_delta", "text_delta", 1), ("content_block_delta", "citations_delta", 1),
        ("content_block_stop", None, 1), ("content_block_start", None, 2), ("content_block_delta", "input_json_delta", 2),
        ("content_block_delta", "input_json_delta", 2), ("content_block_stop", None, 2), ("message_delta", None, None),
        ("message_stop", None, None)]


# What a package raises when the stream breaks off in the given way; None: it takes it for an end.
BROKEN = {"mid_stream_error": {"message": "overloaded", "type": "overloaded_error", "code": "c"}}
RAISED = {"openai": openai.APIError, "anthropic": anthropic.APIStatusError, "ollama": ollama.ResponseError, "gemini": gemini_errors.APIError}


@pytest.mark.parametrize("name", [n for n in DRIVERS if n != "openai-responses"])
def test_an_error_in_mid_stream_is_raised(ask, name):
    with pytest.raises(RAISED[DRIVERS[name].api], match="overloaded"):
        ask(name, "x", BROKEN, stream=True)


@pytest.mark.parametrize("type_,event", (("overloaded", "error"), ("response.failed", "response.failed")))
def test_an_error_in_mid_stream_of_responses(one, type_, event):
    behaviour = {"mid_stream_error": {"message": "m", "type": type_, "code": "server_error"}}
    last = items_of("openai-responses", post(one, "openai-responses", body_of("openai-responses", "x", True, mock=behaviour), True))[-1]
    validate("openai-responses", ResponseStreamEvent, last)
    assert last["type"] == event and (last.get("message") or last["response"]["error"]["message"]) == "m"


ERROR_SHAPES = {
    "openai": lambda e: e["error"]["message"] == "m" and e["error"]["code"] == "c",
    "anthropic": lambda e: e["type"] == "error" and e["error"] == {"type": "t", "message": "m"} and e["request_id"],
    "ollama": lambda e: e == {"error": "m"},
    "gemini": lambda e: e == {"error": {"code": 429, "message": "m", "status": "c"}},
}


@pytest.mark.parametrize("name", DRIVERS)
@pytest.mark.parametrize("streamed", (False, True))
def test_errors_have_the_formats_shape(one, name, streamed):
    told = {"status": 429, "error": {"message": "m", "type": "t", "code": "c"}}
    answer = post(one, name, body_of(name, "x", streamed, mock=told), streamed)
    assert answer.status_code == 429 and ERROR_SHAPES[DRIVERS[name].api](answer.json())
    own = post(one, name, {"nothing": 1}, streamed)
    assert own.status_code == 400 or name in ("openai-responses",), own.text


def test_history_is_remembered(one, mock):
    mock.script()
    token, other = "EMAIL_7KD3MWQ9TX", "ORG_7KD3MWQ9TT"
    reply = {"reply": "{{earlier_token 1}}|{{earlier_token 2}}|{{token 1}}"}
    with openai.OpenAI(base_url=one + "/v1", api_key="k") as client:
        first = client.responses.create(model="mock", input=f"a {token}")
        second = client.responses.create(model="mock", input=f"b {other}", previous_response_id=first.id)
        third = client.responses.create(model="mock", input="c", previous_response_id=second.id, extra_body={"mock": reply})
        assert third.output_text == f"{token}|{other}|"
        for conversation in ("conv_a", {"id": "conv_b"}):
            client.responses.create(model="mock", input=f"a {token}", conversation=conversation)
            said = client.responses.create(model="mock", input=f"c {other}", conversation=conversation, extra_body={"mock": reply})
            assert said.output_text == f"{token}||{other}"
        compacted = client.responses.compact(model="mock", input=[{"role": "user", "content": f"a {token}"}])
        assert [item.type for item in compacted.output[1:]] == ["compaction"]
        said = client.responses.create(model="mock", input=[compacted.output[-1].model_dump(exclude_none=True)], extra_body={"mock": reply})
        assert said.output_text == f"{token}||"
        with pytest.raises(openai.BadRequestError, match="previous_response_id"):
            client.responses.create(model="mock", input="x", previous_response_id="resp_none")


def test_answers_are_kept_until_deleted(one, mock):
    mock.script()
    with openai.OpenAI(base_url=one + "/v1", api_key="k") as client:
        first = client.responses.create(model="mock", input="hello", instructions="be short")
        assert client.responses.retrieve(first.id) == first and first.instructions == "be short"
        assert [item.content[0].text for item in client.responses.input_items.list(first.id)] == ["hello"]
        assert client.responses.cancel(first.id).status == "cancelled"
        client.responses.delete(first.id)
        unkept = client.responses.create(model="mock", input="hello", store=False)
        for gone in (first.id, unkept.id, "resp_" + "x" * 100):
            with pytest.raises(openai.NotFoundError):
                client.responses.retrieve(gone)


THOUGHT = {"thinking": "secret plan", "reply": "ok"}


def turn_of(name, answer):
    """The answer as the next request repeats it."""
    if name == "openai-responses":
        return {"input": [*answer["output"], {"role": "user", "content": "go on"}]}
    if name == "anthropic-messages":
        messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": answer["content"]}, {"role": "user", "content": "go on"}]
        return {"messages": messages}
    return {"contents": [answer["candidates"][0]["content"], {"role": "user", "parts": [{"text": "go on"}]}]}


@pytest.mark.parametrize("behaviour", (THOUGHT, {"thinking": "t", "tool_calls": CALLS[:1]}), ids=("text", "call"))
@pytest.mark.parametrize("name", ("openai-responses", "anthropic-messages", "gemini"))
def test_edited_thinking_is_refused(one, name, behaviour):
    answer = post(one, name, body_of(name, "x", mock=behaviour)).json()
    body = {**body_of(name, "x"), **turn_of(name, answer)}
    assert post(one, name, body).status_code == 200
    # What is signed: the thinking, and in Gemini's format the part behind it.
    signed = {"gemini": '"ok"' if behaviour is THOUGHT else '"x"'}.get(name, json.dumps(behaviour["thinking"]))
    edited = json.dumps(body)[::-1].replace(signed[::-1], '"detide"', 1)[::-1]
    assert json.loads(edited) != body
    refused = post(one, name, json.loads(edited))
    assert refused.status_code == 400 and "edited" in refused.text


def test_lists_and_counts(one, mock):
    mock.script()
    prompt = [{"role": "user", "content": "hello"}]
    with openai.OpenAI(base_url=one + "/v1", api_key="k") as client:
        assert [m.id for m in client.models.list()] == ["mock"] and client.models.retrieve("mock").owned_by == "local"
        assert client.responses.input_tokens.count(model="mock", input="hello").input_tokens > 0
    with anthropic.Anthropic(base_url=one, api_key="k") as client:
        assert [(m.id, m.display_name) for m in client.models.list()] == [("mock", "local")]
        assert client.messages.count_tokens(model="mock", messages=prompt).input_tokens > 0
    client = ollama.Client(host=one)
    assert [m.model for m in client.list().models] == ["mock:latest"]
    assert httpx.get(one + "/api/version").json()["version"]
    for name in ("gemini", "gemini-beta"):
        driver = DRIVERS[name](one)
        assert [m.name for m in driver.client.models.list()] == ["models/mock"]
        assert driver.client.models.count_tokens(model="mock", contents="hello").total_tokens > 0
        driver.close()


def test_embeddings_depend_on_the_text_alone(one, mock):
    mock.script()
    with openai.OpenAI(base_url=one + "/v1", api_key="k") as client:
        vectors = lambda text, **more: [d.embedding for d in client.embeddings.create(model="mock", input=text, **more).data]
        a, b = vectors(["a", "b"])
        assert vectors("a") == vectors("a", encoding_format="float") == [a] and a != b
        assert len(vectors("a", dimensions=32)[0]) == 32
    client = ollama.Client(host=one)
    a, b = client.embed(model="mock", input=["a", "b"]).embeddings
    assert a != b and list(client.embeddings(model="mock", prompt="a").embedding) == list(a)


def test_several_prompts_have_choices_of_their_own(one, mock):
    mock.script()
    with openai.OpenAI(base_url=one + "/v1", api_key="k") as client:
        answer = client.completions.create(model="mock", prompt=["a", "b"], n=2, echo=True)
        assert [c.text for c in answer.choices] == ["aYou said: a"] * 2 + ["bYou said: b"] * 2


@pytest.mark.parametrize("name,pointer", (
    ("openai-chat", lambda a: a["choices"][0]["message"]["annotations"][0]["url_citation"]),
    ("openai-responses", lambda a: a["output"][0]["content"][0]["annotations"][0])))
def test_citations_point_at_their_text(one, name, pointer):
    behaviour = {"reply": "Zoë says hé twice", "citations": [{"url": "u", "title": "t", "text": "hé"}]}
    answer = post(one, name, body_of(name, "x", mock=behaviour)).json()
    citation = pointer(answer)
    assert "Zoë says hé twice"[citation["start_index"]:citation["end_index"]] == "hé"


def test_a_stream_of_gemini_without_events_is_a_list(one):
    answer = httpx.post(one + "/v1beta/models/mock:streamGenerateContent", json=body_of("gemini", "x", mock={"delta_bytes": 3}))
    chunks = answer.json()
    assert len(chunks) > 2 and "".join(c["candidates"][0]["content"]["parts"][0]["text"] for c in chunks) == "You said: x"


ENDS = {"no_done": {"no_done": True}, "truncate": {"truncate": 3}}


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("name", DRIVERS)
def test_a_stream_without_an_end(one, name, how):
    """Truncation breaks HTTP's framing; without its last event a stream is well-formed, and short of that event."""
    with httpx.stream("POST", one + path_of(name, True), json=body_of(name, "hello", True, mock={"delta_bytes": 2, **ENDS[how]})) as answer:
        if how == "truncate":
            with pytest.raises(httpx.RemoteProtocolError):
                answer.read()
            return
        answer.read()
    whole = post(one, name, body_of(name, "hello", True, mock={"delta_bytes": 2}), True)
    assert 0 < answer.content.count(b"\n") < whole.content.count(b"\n")
