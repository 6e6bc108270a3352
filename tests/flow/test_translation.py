"""Agents of one format, upstreams of another: the same agent loop through every pair, and what cannot be carried.

One gateway a family of upstreams, since a gateway prefers the upstream that speaks the agent's own format.
"""

import base64
import json

import anthropic
import httpx
import ollama
import openai
import pydantic
import pytest
from anthropic.types import message_create_params
from openai.types.chat import completion_create_params

from agent import events_of
from captured import assert_unseen
from conftest import DIRECT, SETTINGS
from gateway import Gateway, upstream
from loops import AGENTS, PNG, SECONDS, TOOLS, MessagesAgent

pytestmark = pytest.mark.skipif(DIRECT, reason="needs the gateway")

FAMILIES = {"openai": "/v1", "anthropic": "/v1", "ollama": ""}
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "ollama": "/api/chat"}
QUICK = {**SETTINGS, "timeouts": {**SETTINGS["timeouts"], "upstream_idle_ms": 1000}}

PAIRS = [(agent, family) for agent in AGENTS for family in FAMILIES]
CARRIED = [(agent, family) for agent, family in PAIRS if AGENTS[agent].api != family]
STREAMED = pytest.mark.parametrize("streamed", (False, True), ids=("json", "stream"))


@pytest.fixture(scope="module")
def start(sluice, mock, tmp_path_factory):
    """The gateway before these upstreams, started when it is first needed: start(name, upstreams)."""
    started = {}

    def get(name, upstreams):
        if name not in started:
            started[name] = Gateway(sluice, tmp_path_factory.mktemp(name), upstreams, **QUICK)
        return started[name]

    yield get
    for one in started.values():
        one.stop()


@pytest.fixture
def place(start, mock, family):
    """The gateway before a local upstream of the family alone."""
    url = mock.root("local") + FAMILIES[family]
    return start(family, [upstream(f"local-{family}", url, "local", api=family, models={"asked": f"told-{family}"})])


@pytest.fixture
def open_agent(place):
    """Opens an agent before it: open_agent(name, stream=..)."""
    opened = []

    def open_one(name, **more):
        opened.append(AGENTS[name](place.url, "asked", **more))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


# --- the loop ---

FIND = {"name": "find_person", "arguments": {"to": "{{last_user}}"}}
SEND = {"name": "send_mail", "arguments": {"to": "{{last_user}}", "note": "é \"quoted\" \\ back\nline"}}
STORY = [
    ({"contains": "RESULT-THREE"}, {"reply": "Done – for {{token 1}}, {{token 2}}, {{token 3}}, {{token 4}}, {{token 5}}.", "delta_bytes": 3}),
    ({"contains": "RESULT-ONE"}, {"reply": "One more moment.", "tool_calls": [SEND, FIND], "delta_bytes": 3}),
    ({"contains": "find_person"}, {"tool_calls": [FIND], "delta_bytes": 3}),
]


def arguments_of(call, prompt):
    return {key: value.replace("{{last_user}}", prompt) for key, value in call["arguments"].items()}


def shapes_openai(body):
    """(role, ids of calls, id of a result) of each message."""
    return [(m["role"], [c["id"] for c in m.get("tool_calls", [])], [m["tool_call_id"]] if m["role"] == "tool" else [])
            for m in body["messages"]]


def shapes_anthropic(body):
    shapes = [("system", [], [])] if body.get("system") else []
    for message in body["messages"]:
        blocks = message["content"] if isinstance(message["content"], list) else []
        shapes.append((message["role"], [b["id"] for b in blocks if b["type"] == "tool_use"],
                       [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]))
    return shapes


def shapes_ollama(body):
    """Calls have names alone here; one turn's calls differ in theirs."""
    return [(m["role"], [c["function"]["name"] for c in m.get("tool_calls") or []], [m["tool_name"]] if m["role"] == "tool" else [])
            for m in body["messages"]]


SHAPES = {"openai": shapes_openai, "anthropic": shapes_anthropic, "ollama": shapes_ollama}
ROLES = {
    "openai": ["system", "user", "assistant", "tool", "assistant", "tool", "tool"],
    "anthropic": ["system", "user", "assistant", "user", "assistant", "user"],
    "ollama": ["system", "user", "assistant", "tool", "assistant", "tool", "tool"],
}
TYPES = {"openai": completion_create_params.CompletionCreateParamsNonStreaming,
         "anthropic": message_create_params.MessageCreateParamsNonStreaming, "ollama": ollama._types.ChatRequest}


def well_formed(family, request, streamed):
    """The body of a request that its format's own package could have written."""
    assert request.method == "POST" and request.path == PATHS[family]
    assert request.header("authorization" if family != "anthropic" else "x-api-key")[0].endswith(f"upstream-key-of-local-{family}")
    assert len(request.header("anthropic-version")) == (family == "anthropic")
    body = request.json()
    assert body["model"] == f"told-{family}" and bool(body.get("stream")) == streamed
    members = TYPES[family].model_fields if family == "ollama" else TYPES[family].__annotations__
    known = set(members) | {name for base in TYPES[family].__mro__ for name in getattr(base, "__annotations__", {})} | {"stream"}
    known |= {name for base in getattr(TYPES[family], "__orig_bases__", ()) for name in base.__annotations__}
    known |= {"temperature"}  # Anthropic's package does not know it any more
    assert set(body) <= known, f"{set(body) - known}: not of this format"
    pydantic.TypeAdapter(TYPES[family]).validate_python({k: v for k, v in body.items() if k != "stream"})
    return body


def usage_of(family, answer, streamed):
    """(prompt, answer) as an upstream's own answer tells them."""
    if not streamed:
        items = [answer.json()]
    elif family == "ollama":
        items = [json.loads(line) for line in answer.content.split(b"\n") if line]
    else:
        items = [json.loads(event) for event in events_of(answer.content) if event != "[DONE]"]
    if family == "ollama":
        return items[-1]["prompt_eval_count"], items[-1]["eval_count"]
    told = {}
    for item in items:
        told |= item.get("usage") or (item.get("message") if isinstance(item.get("message"), dict) else {}).get("usage") or {}
    names = ("prompt_tokens", "completion_tokens") if family == "openai" else ("input_tokens", "output_tokens")
    return tuple(told[name] for name in names)


@STREAMED
@pytest.mark.parametrize("name,family", PAIRS)
def test_the_same_loop(open_agent, place, mock, captured, canary, name, family, streamed):
    """Three turns, three calls, values in the prompt, in arguments and in results; native pairs go the same way."""
    mock.script(rules=STORY)
    agent = open_agent(name, stream=streamed)
    prompt = f'Zoë said: "{canary.email()}" \\ {canary.iban()}\n– and find them.'
    agent.say(prompt)
    first = agent.ask(TOOLS)
    assert [call[1:] for call in first.calls] == [("find_person", arguments_of(FIND, prompt))]
    agent.result(first.calls[0], f"RESULT-ONE: {canary.phone()}")
    second = agent.ask(TOOLS)
    assert [call[1:] for call in second.calls] == [("send_mail", arguments_of(SEND, prompt)), ("find_person", arguments_of(FIND, prompt))]
    assert second.text == "One more moment."
    agent.result(second.calls[0], f"RESULT-TWO: sent to {canary.email()}")
    agent.result(second.calls[1], json.dumps({"RESULT-THREE": canary.host()}))
    last = agent.ask(TOOLS)
    assert last.calls == [] and last.text.startswith("Done – for ") and last.text.endswith(".")
    assert sorted(last.text.removeprefix("Done – for ")[:-1].split(", ")) == sorted(canary.values)
    finishes = AGENTS[name].finishes
    assert [turn.finish for turn in (first, second, last)] == [finishes["calls"], finishes["calls"], finishes["stop"]]
    ids = [call[0] for call in second.calls if call[0]]
    assert len(set(ids)) == len(ids)
    requests = captured.requests()
    assert [request.listener for request in requests] == ["local"] * 3
    assert_unseen(canary.values, captured.raw())
    assert_unseen(canary.values, place.written(), "the gateway's own files")
    if (name, family) in CARRIED or name != "openai-responses":
        bodies = [well_formed(family, request, streamed) for request in requests]
        check_history(family, bodies[2])
        if (name, family) in CARRIED:
            for turn, request in zip((first, second, last), requests):
                again = httpx.post(mock.root("local") + request.path, content=request.body, headers={"content-type": "application/json"})
                assert turn.usage == usage_of(family, again, streamed) and min(turn.usage) > 0


def check_history(family, body):
    shapes = SHAPES[family](body)
    assert [shape[0] for shape in shapes] == ROLES[family]
    waiting = []
    for _, calls, results in shapes:
        assert not (calls and waiting), "a call came before the results of the last ones"
        for result in results:
            assert result == waiting.pop(0), "a result is not in the order of its calls"
        waiting += calls
    assert not waiting, "a call has no result"
    assert {tool.get("name") or tool["function"]["name"] for tool in body["tools"]} == set(TOOLS)


# Histories as programs send them: LiteLLM numbers results of calls that have no id, and sends notes back.
HISTORIES = {
    "foreign-id": ("/api/chat", [{"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "find_person", "arguments": {}}}]},
                                 {"role": "tool", "content": "found", "tool_call_id": "8469dbc5-e288"}]),
    "notes": ("/v1/chat/completions", [
        {"role": "assistant", "provider_specific_fields": {"refusal": None}, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "find_person", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "name": "find_person", "content": "found"}]),
}


@pytest.mark.parametrize("history,family", (("foreign-id", "openai"), ("foreign-id", "anthropic"), ("notes", "anthropic"), ("notes", "ollama")))
def test_histories_of_programs(place, captured, history, family):
    path, messages = HISTORIES[history]
    body = {"model": "asked", "stream": False, "messages": [{"role": "user", "content": "hello"}, *messages]}
    answer = httpx.post(place.url + path, json=body, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    shapes = SHAPES[family](well_formed(family, captured.only_request(), False))
    assert shapes[1][1] == shapes[2][2] != []


# --- settings ---


def settings_of(family, body):
    if family == "openai":
        return body.get("temperature"), body.get("max_completion_tokens") or body.get("max_tokens"), body.get("stop")
    if family == "anthropic":
        return body.get("temperature"), body.get("max_tokens"), body.get("stop_sequences")
    return tuple(body["options"].get(name) for name in ("temperature", "num_predict", "stop"))


@STREAMED
@pytest.mark.parametrize("name,family", CARRIED)
def test_settings_are_carried(open_agent, mock, captured, name, family, streamed):
    mock.script({"finish_reason": "max_tokens" if family == "anthropic" else "length"})
    agent = open_agent(name, stream=streamed)
    agent.say("hello")
    turn = agent.ask(**AGENTS[name].settings)
    stop = None if name == "openai-responses" else ["END", "Ende é"]
    assert settings_of(family, well_formed(family, captured.only_request(), streamed)) == (0.25, 77, stop)
    assert turn.finish == AGENTS[name].finishes["length"] and turn.text == "You said: hello"


CHOICES = {
    ("openai", "none"): "none", ("openai", "required"): "required",
    ("openai", "send_mail"): {"type": "function", "function": {"name": "send_mail"}},
    ("anthropic", "none"): {"type": "none"}, ("anthropic", "required"): {"type": "any"},
    ("anthropic", "send_mail"): {"type": "tool", "name": "send_mail"},
}


@pytest.mark.parametrize("choice", ("none", "required", "send_mail"))
@pytest.mark.parametrize("name,family", [pair for pair in CARRIED if pair[0] != "ollama-chat" and pair[1] != "ollama"])
def test_the_choice_of_tools_is_carried(open_agent, captured, name, family, choice):
    agent = open_agent(name)
    agent.say("hello")
    agent.ask(TOOLS, choice)
    assert well_formed(family, captured.only_request(), False)["tool_choice"] == CHOICES[family, choice]


@pytest.mark.parametrize("name,family", [pair for pair in CARRIED if pair[1] == "ollama"])
def test_no_choice_is_no_tools_for_ollama(open_agent, captured, name, family):
    agent = open_agent(name)
    agent.say("hello")
    agent.ask(TOOLS, "none")
    assert not captured.only_request().json().get("tools")


# --- images ---


def images_of(family, body):
    """(media type or None, bytes) of each image of the last message."""
    message = body["messages"][-1]
    if family == "ollama":
        return [(None, base64.b64decode(image)) for image in message["images"]]
    if family == "anthropic":
        sources = [part["source"] for part in message["content"] if part["type"] == "image"]
        return [(source["media_type"], base64.b64decode(source["data"])) for source in sources]
    urls = [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
    return [(url[5:].partition(";")[0], base64.b64decode(url.partition(",")[2])) for url in urls]


@pytest.mark.parametrize("name,family", CARRIED)
def test_an_image_is_carried_to_a_local_upstream(open_agent, captured, canary, name, family):
    agent = open_agent(name)
    prompt = f"Is this {canary.email()}?"
    agent.say(prompt, image=PNG)
    assert agent.ask().text == "You said: " + prompt
    body = well_formed(family, captured.only_request("local"), False)
    assert images_of(family, body) == [(None if family == "ollama" else "image/png", PNG)]
    assert_unseen(canary.values, captured.raw())


# --- what cannot be carried ---

DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a"}}
# Agent, families that cannot be told, what is asked, the place that the refusal names.
UNCARRIED = {
    "n": ("openai-chat", ("anthropic", "ollama"), {"n": 2}, "say n:"),
    "logprobs": ("openai-chat", ("anthropic", "ollama"), {"logprobs": True}, "logprobs"),
    "logit-bias": ("openai-chat", ("anthropic", "ollama"), {"logit_bias": {"5": 1}}, "logit_bias"),
    "unknown": ("openai-chat", ("anthropic", "ollama"), {"extra_body": {"of_tomorrow": 1}}, "member that cannot be translated"),
    "json": ("openai-chat", ("anthropic",), {"response_format": {"type": "json_object"}}, "response format"),
    "hot": ("openai-chat", ("anthropic",), {"temperature": 1.5}, "temperature"),
    "penalty": ("openai-chat", ("anthropic",), {"presence_penalty": 1}, "presence_penalty"),
    "required": ("openai-chat", ("ollama",), {"tools": ("send_mail",), "choice": "required"}, "tool_choice"),
    "previous": ("openai-responses", ("anthropic", "ollama"), {"previous_response_id": "resp_1"}, "previous_response_id"),
    "web": ("openai-responses", ("anthropic", "ollama"), {"extra_body": {"tools": [{"type": "web_search"}]}}, "tools"),
    "top-k": ("anthropic-messages", ("openai",), {"extra_body": {"top_k": 5}}, "top_k"),
    "document": ("anthropic-messages", ("openai", "ollama"), {"messages": [{"role": "user", "content": [DOCUMENT]}]}, "messages[].content:"),
    "any": ("anthropic-messages", ("ollama",), {"tools": ("send_mail",), "choice": "required"}, "tool_choice"),
    "sampler": ("ollama-chat", ("openai", "anthropic"), {"options": {"min_p": 0.5}}, "options"),
    "raw-logprobs": ("ollama-chat", ("openai", "anthropic"), {"logprobs": True}, "logprobs"),
}
BAD_REQUEST = {"openai": openai.BadRequestError, "anthropic": anthropic.BadRequestError, "ollama": ollama.ResponseError}


@STREAMED
@pytest.mark.parametrize("what,family", [(what, family) for what, row in UNCARRIED.items() for family in row[1]])
def test_what_cannot_be_carried_is_refused_once(open_agent, place, captured, canary, what, family, streamed):
    name, _, more, named = UNCARRIED[what]
    agent = open_agent(name, stream=streamed, **({} if name == "ollama-chat" else {"max_retries": 3}))
    agent.say(f"Mail {canary.email()}")
    before = refusals(place)
    with pytest.raises(BAD_REQUEST[agent.api], match="another format") as raised:
        agent.ask(**more)
    assert raised.value.status_code == 400 and named in str(raised.value)
    assert_unseen(canary.values, str(raised.value).encode(), "the refusal")
    assert captured.raw() == b""
    assert refusals(place) == before + 1, "the package asked again"


def refusals(place):
    """How many requests the gateway has answered without an upstream."""
    return sum(1 for file in (place.folder / "data").rglob("*audit*") if file.is_file()
               for line in file.read_bytes().splitlines() if line.startswith(b"{"))


# --- errors ---

MESSAGE = "told to fail"
RAISED = {
    ("openai", 400): openai.BadRequestError, ("openai", 429): openai.RateLimitError, ("openai", 500): openai.InternalServerError,
    ("anthropic", 400): anthropic.BadRequestError, ("anthropic", 429): anthropic.RateLimitError,
    ("anthropic", 500): anthropic.InternalServerError,
}
BROKEN = {"openai": openai.APIError, "anthropic": anthropic.APIError, "ollama": ollama.ResponseError}


@pytest.fixture
def well(place, mock):
    """The upstream has just answered: no breaker opens for what other tests made it do."""
    mock.script()
    body = {"model": "asked", "messages": [{"role": "user", "content": "hello"}]}
    assert httpx.post(place.url + "/v1/chat/completions", json=body, timeout=SECONDS).status_code == 200


@STREAMED
@pytest.mark.parametrize("status", (400, 429, 500))
@pytest.mark.parametrize("name,family", CARRIED)
def test_an_upstreams_error_is_the_agents_own(well, open_agent, mock, captured, canary, name, family, status, streamed):
    mock.script({"status": status, "error": {"message": MESSAGE + " {{last_token}}", "type": "t", "code": "c"}})
    agent = open_agent(name, stream=streamed)
    agent.say(f"Mail {canary.email()}")
    with pytest.raises(RAISED.get((agent.api, status), ollama.ResponseError), match=MESSAGE) as raised:
        agent.ask()
    assert raised.value.status_code == status
    assert_unseen(canary.values, str(raised.value).encode(), "the error")
    if agent.api != "ollama":
        assert isinstance(raised.value.body, dict)


# How an upstream's stream ends too early, after some text.
EARLY = {
    "error": {"mid_stream_error": {"message": "overloaded", "type": "overloaded_error", "code": "c"}},
    "truncated": {"truncate": 6},
    "no-end": {"no_done": True},
    "stalled": {"stall_after_events": 6},
}


@pytest.mark.parametrize("how", EARLY)
@pytest.mark.parametrize("name,family", CARRIED)
def test_an_early_end_is_raised(well, open_agent, mock, captured, canary, name, family, how):
    mock.script({"reply": "word " * 20 + "{{last_token}}", "delta_bytes": 10, **EARLY[how]})
    agent = open_agent(name, stream=True)
    agent.say(f"Mail {canary.email()}")
    with pytest.raises(BROKEN[agent.api], match="overloaded" if how == "error" else None):
        agent.ask()


BAD = {"no-json": {"raw_body": "<html>"}, "other-json": {"raw_body": "[]"}, "cut": {"close_after_bytes": 250}}


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize("name,family", CARRIED)
def test_an_answer_that_is_none_is_an_error(well, open_agent, mock, name, family, how):
    mock.script(BAD[how])
    agent = open_agent(name)
    agent.say("hello")
    with pytest.raises((BROKEN[agent.api], ConnectionError, httpx.HTTPError)):
        agent.ask()


# --- known to be wrong ---


@pytest.mark.parametrize("family", ("anthropic", "ollama"))
def test_usage_that_was_asked_for_has_a_chunk_of_its_own(place, mock, captured, family):
    body = {"model": "asked", "stream": True, "stream_options": {"include_usage": True}, "messages": [{"role": "user", "content": "hello"}]}
    events = events_of(httpx.post(place.url + "/v1/chat/completions", json=body, timeout=SECONDS).content)
    chunks = [json.loads(event) for event in events[:-1]]
    assert [chunk["choices"] == [] for chunk in chunks if chunk.get("usage")] == [True]


# --- which upstream ---


@STREAMED
def test_the_tier_chooses_between_formats(start, mock, captured, canary, streamed):
    """HIGH stays in the house, in its format; MEDIUM goes to the agent's own."""
    place = start("hybrid", [
        upstream("hosted", mock.url("subscription"), "subscription", api="anthropic", models={"asked": "hosted-model"}),
        upstream("own", mock.url("local"), "local", api="openai", models={"asked": "own-model"})])
    for tier, listener, path, model in (("high", "local", "/v1/chat/completions", "own-model"),
                                        ("medium", "subscription", "/v1/messages", "hosted-model")):
        seen = len(captured.requests())
        agent = MessagesAgent(place.url, "asked", stream=streamed)
        prompt = getattr(canary, tier)()
        agent.say(prompt)
        assert agent.ask().text == "You said: " + prompt
        agent.close()
        request, = captured.requests()[seen:]
        assert (request.listener, request.path, request.json()["model"]) == (listener, path, model)
    assert_unseen(canary.values, captured.raw())
