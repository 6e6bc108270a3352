"""A value in every place that the client packages' own types allow: no other upstream than a local one sees it.

There is no local upstream here. What stands where it can be replaced goes out as a token; a number, and whatever cannot be
replaced, is refused and nothing goes out.
"""

import re

import httpx
import ollama._types as ollama_types
import pytest
from anthropic.types import message_count_tokens_params, message_create_params
from google.genai import types as gemini_types
from openai.types import completion_create_params, embedding_create_params
from openai.types.chat import completion_create_params as chat_create_params
from openai.types.responses import input_token_count_params, response_compact_params, response_create_params
from typing_extensions import TypedDict

from captured import assert_unseen, traces
from conftest import DIRECT, SETTINGS
from formats import body_of, path_of, upstreams
from gateway import Gateway
from positions import BASE64, NUMBER, positions

CLASSES = ("metered", "subscription")


class GeminiRequest(TypedDict, total=False):
    """The body of generateContent: the package has types for its parts alone."""
    contents: list[gemini_types.Content]
    systemInstruction: gemini_types.Content
    tools: list[gemini_types.Tool]
    toolConfig: gemini_types.ToolConfig
    generationConfig: gemini_types.GenerationConfig
    safetySettings: list[gemini_types.SafetySetting]
    cachedContent: str
    labels: dict[str, str]


RESPONSES = body_of("openai-responses", "hello")
TARGETS = {
    "chat": (path_of("openai-chat"), chat_create_params.CompletionCreateParamsNonStreaming, body_of("openai-chat", "hello")),
    "completions": (path_of("openai-completions"), completion_create_params.CompletionCreateParamsNonStreaming, body_of("openai-completions", "hello")),
    "embeddings": ("/v1/embeddings", embedding_create_params.EmbeddingCreateParams, {"model": "mock", "input": "hello"}),
    "responses": (path_of("openai-responses"), response_create_params.ResponseCreateParamsNonStreaming, RESPONSES),
    "responses-compact": ("/v1/responses/compact", response_compact_params.ResponseCompactParams, RESPONSES),
    "responses-input-tokens": ("/v1/responses/input_tokens", input_token_count_params.InputTokenCountParams, RESPONSES),
    "messages": (path_of("anthropic-messages"), message_create_params.MessageCreateParamsNonStreaming, body_of("anthropic-messages", "hello")),
    "count-tokens": ("/v1/messages/count_tokens", message_count_tokens_params.MessageCountTokensParams, body_of("anthropic-messages", "hello")),
    "ollama-chat": (path_of("ollama-chat"), ollama_types.ChatRequest, body_of("ollama-chat", "hello")),
    "ollama-generate": (path_of("ollama-generate"), ollama_types.GenerateRequest, body_of("ollama-generate", "hello")),
    "ollama-embed": ("/api/embed", ollama_types.EmbedRequest, {"model": "mock", "input": "hello"}),
    "ollama-embeddings": ("/api/embeddings", ollama_types.EmbeddingsRequest, {"model": "mock", "prompt": "hello"}),
    "gemini": (path_of("gemini"), GeminiRequest, body_of("gemini", "hello")),
}
POSITIONS = {target: positions(type_, base) for target, (_, type_, base) in TARGETS.items()}


@pytest.fixture(scope="module")
def place(request, mock, tmp_path_factory):
    if DIRECT:
        yield mock.root("subscription")
        return
    started = Gateway(request.getfixturevalue("sluice"), tmp_path_factory.mktemp("positions"), upstreams(mock, CLASSES), **SETTINGS)
    yield started.url
    started.stop()


def test_there_are_many_positions():
    assert sum(map(len, POSITIONS.values())) >= 300
    for target, found in POSITIONS.items():
        assert len({(position.path, position.kind) for position in found}) == len(found) >= 7, target


def send(client, target, canary):
    """The answer to each position, and the values that it hid."""
    path = TARGETS[target][0]
    for position in POSITIONS[target]:
        before = len(canary.values)
        answer = client.post(path, json=position.body(canary))
        yield position, answer, canary.values[before:]


def seen(values, data):
    return any(form in data for value in values for form in traces(value))


@pytest.mark.parametrize("target", TARGETS)
def test_no_position_lets_a_value_out(place, mock, captured, canary, record_property, target):
    with httpx.Client(base_url=place, timeout=20) as client:
        sent = list(send(client, target, canary))
    record_property("cases", len(sent))
    arrived = captured.raw()
    if DIRECT:
        hidden = [str(position) for position, _, values in sent if not seen(values, arrived)]
        assert not hidden, f"positions that carry nothing: {hidden}"
        return
    leaks = [f"{p.kind} {p.path}" for p, _, values in sent if seen(values, arrived)]
    assert not leaks, f"{len(leaks)} of {len(sent)} positions leak: {leaks}"
    refused = [(p, a) for p, a, _ in sent if a.headers["x-sluice-upstream"] == "none"]
    assert len(captured.requests()) == len(sent) - len(refused), "a refused request arrived, or one that passed did not"
    wrong = [f"{a.status_code} {p.kind} {p.path}" for p, a in refused if a.status_code not in (400, 403, 503)]
    assert not wrong, f"refused in another way: {wrong}"
    for position, answer, values in sent:
        echoed = answer.content if answer.headers["x-sluice-upstream"] == "none" else b""
        assert_unseen(values, echoed, f"the refusal of {position.path}")
    numbers = [p.path for p, a, _ in sent if p.kind == NUMBER and a.headers["x-sluice-upstream"] != "none"]
    assert not numbers, f"numbers that passed: {numbers}"
    check_replaced(target, sent, refused)


# What stands for content that is never text: these are refused, or the policy is asked.
OPAQUE = ("image", "audio", "file", "document", "url", "data", "signature", "thinking", "encrypted", "redacted", "reasoning", "id", "bytes",
          "source", "uri", "context", "model", "continuation")


def check_replaced(target, sent, refused):
    """A gateway that refuses everything leaks nothing either: texts must have passed, as tokens."""
    plain = lambda p: p.kind not in (NUMBER, BASE64) and not any(word in p.path.lower() for word in OPAQUE)
    texts = [p.path for p, _, _ in sent if plain(p)]
    stopped = [p.path for p, _ in refused if plain(p)]
    if target.startswith(("embeddings", "ollama-embed")):
        return  # embeddings are local by policy: all are refused here
    assert len(stopped) <= len(texts) // 10, f"{len(stopped)} of {len(texts)} plain texts were refused: {stopped}"


# Content that nobody here can read, and references to content that sluice never saw: for local upstreams, or nobody. What
# a model wrote itself about its sources (citations, annotations, results of a search) is text.
UNREADABLE = re.compile(r"<base64>\.data|<file>\.file_id|<(input_)?(image|file|document)>.*\.(url|file_id|file_data|file_url|image_url|data)$"
                        r"|<(image|document)>\.source<url>\.url|image_url(\.url)?$|input_audio\.data|inlineData\.data|fileUri|\.images\[\]")
WRITTEN = re.compile(r"citations\[\]|annotations\[\]|results\[\]|outputs\[\]|<text>\.data|<document>.*<text>")
BENIGN = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"


def unreadable(target):
    return [p for p in POSITIONS[target] if UNREADABLE.search(p.path) and not WRITTEN.search(p.path)]


@pytest.mark.parametrize("target", [target for target in TARGETS if unreadable(target)])
def test_what_cannot_be_read_is_refused(place, mock, captured, canary, record_property, target):
    """In a request that is MEDIUM for another reason, with nothing in the part that a scanner could find: it is the place
    that counts, however deep it is."""
    if DIRECT:
        pytest.skip("needs the gateway")
    found = unreadable(target)
    record_property("cases", len(found))
    with httpx.Client(base_url=place, timeout=20) as client:
        ask = lambda position: client.post(TARGETS[target][0], json={**position.build(BENIGN), "x_note": f"write to {canary.email()}"})
        passed = [p.path for p in found if ask(p).headers["x-sluice-upstream"] != "none"]
    assert not passed, f"{len(passed)} of {len(found)} unreadable parts passed: {passed}"
    assert captured.requests() == []


# What the provider signed or encrypted, and takes back only as it was.
SIGNED = re.compile(r"<thinking>\.(thinking|signature)$|<redacted_thinking>\.data$|\.encrypted_(content|index|stdout)$|<reasoning>\.summary\[\]\.text$"
                    r"|\.thoughtSignature$")


def signed(target):
    return [p for p in POSITIONS[target] if SIGNED.search(p.path)]


@pytest.mark.parametrize("target", [target for target in TARGETS if signed(target)])
def test_what_is_signed_passes_as_it_was_or_not_at_all(place, mock, captured, canary, record_property, target):
    if DIRECT:
        pytest.skip("needs the gateway")
    path, found = TARGETS[target][0], signed(target)
    record_property("cases", 2 * len(found))
    with httpx.Client(base_url=place, timeout=20) as client:
        edited = [p.path for p in found if client.post(path, json=p.body(canary)).headers["x-sluice-upstream"] != "none"]
        assert not edited, f"{len(edited)} of {len(found)} signed parts were edited: {edited}"
        stopped = [p.path for p in found if client.post(path, json=p.build(BENIGN)).headers["x-sluice-upstream"] == "none"]
    assert not stopped, f"{len(stopped)} of {len(found)} signed parts did not pass: {stopped}"
    assert all(BENIGN.encode() in request.body for request in captured.requests()), "a signed part changed"
