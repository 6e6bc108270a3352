"""The official openai package, base URL swapped: right answers, and no value on the other side."""

import json

import pytest

from agent import events_of
from captured import assert_unseen

DELTAS = (1, 2, 3, 5, 7, 11, 64)
SPLITS = [(delta, tcp) for delta in DELTAS for tcp in (0, 7, 1000)] + [(2, 1), (64, 1)]
SPELLINGS = {
    "escaped": {"escape_unicode": True},
    "crlf": {"eol": "crlf"},
    "cr": {"eol": "cr"},
    "no-space": {"no_space_after_data": True},
    "lines": {"multi_data_lines": True},
    "lines-crlf": {"multi_data_lines": True, "eol": "crlf", "no_space_after_data": True},
    "until-close": {"until_close": True},
}
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
         for name in ("send_mail", "call_phone")]


def messages(prompt):
    return [{"role": "system", "content": "You repeat what you are told."}, {"role": "user", "content": prompt}]


def ask(client, prompt, mock=None, **more):
    return client.chat.completions.create(model="mock", messages=messages(prompt), extra_body={"mock": mock or {}}, **more)


class Assembled:
    """What a stream adds up to, by choice and tool call."""

    def __init__(self, stream):
        self.text, self.arguments, self.names, self.finish, self.usage, self.chunks = {}, {}, {}, {}, None, 0
        for chunk in stream:
            self.chunks += 1
            self.usage = chunk.usage or self.usage
            for choice in chunk.choices:
                self.add(choice)

    def add(self, choice):
        self.text[choice.index] = self.text.get(choice.index, "") + (choice.delta.content or "")
        self.finish[choice.index] = choice.finish_reason or self.finish.get(choice.index)
        for call in choice.delta.tool_calls or []:
            place = (choice.index, call.index)
            self.names[place] = self.names.get(place) or call.function.name
            self.arguments[place] = self.arguments.get(place, "") + (call.function.arguments or "")


def test_plain(client, captured, canary):
    prompt = canary.everything()
    answer = ask(client, prompt)
    assert answer.choices[0].message.content == "You said: " + prompt
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_stream(client, captured, canary):
    prompt = canary.everything()
    stream = Assembled(ask(client, prompt, stream=True, stream_options={"include_usage": True}))
    assert stream.text == {0: "You said: " + prompt}
    assert stream.finish == {0: "stop"} and stream.usage.total_tokens > 0


@pytest.mark.parametrize("delta,tcp", SPLITS)
def test_every_split(client, captured, canary, delta, tcp):
    prompt = f"Zoë {canary.email()} – {canary.card()} 日本 {canary.host()}!"
    stream = Assembled(ask(client, prompt, {"delta_bytes": delta, "tcp_bytes": tcp}, stream=True))
    assert stream.text == {0: "You said: " + prompt}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("delta", (1, 3))
def test_every_spelling(client, captured, canary, spelling, delta):
    prompt = f"Zoë {canary.email()} 😀 {canary.iban()} – {canary.phone()}"
    stream = Assembled(ask(client, prompt, {"delta_bytes": delta, **spelling}, stream=True))
    assert stream.text == {0: "You said: " + prompt}


@pytest.mark.parametrize("streamed", (False, True))
def test_several_choices(client, captured, canary, streamed):
    prompt = f"Compare {canary.email()} with {canary.email()}."
    answer = ask(client, prompt, {"delta_bytes": 3}, n=2, stream=streamed)
    texts = Assembled(answer).text if streamed else {c.index: c.message.content for c in answer.choices}
    assert texts == {0: "You said: " + prompt, 1: "You said: " + prompt}


# Inserted into arguments as JSON text: quotes, backslashes and line ends in and around values must come out escaped.
AROUND = {
    "plain": "{}",
    "quotes": 'He said "{}" twice.',
    "backslash": "C:\\users\\{}\\n is a path, \\{} too.",
    "lines": "To:\t{}\r\nCc:\t{}\n",
    "non-ascii": "für {} – ünïcödé 😀 {}",
}


@pytest.mark.parametrize("streamed", (False, True))
@pytest.mark.parametrize("form", AROUND.values(), ids=AROUND)
def test_tool_arguments(client, captured, canary, form, streamed):
    prompt = form.replace("{}", canary.email()) + f' and "{canary.word()} \\"x\\" {canary.digits(3)}"@{canary.word()}.com'
    calls = [{"name": "send_mail", "arguments": {"to": "{{last_user}}", "count": 1, "nested": {"list": ["{{last_user}}"]}}}]
    answer = ask(client, prompt, {"tool_calls": calls, "delta_bytes": 2}, stream=streamed, tools=TOOLS)
    if streamed:
        text = Assembled(answer).arguments[0, 0]
    else:
        assert answer.choices[0].finish_reason == "tool_calls"
        text = answer.choices[0].message.tool_calls[0].function.arguments
    assert json.loads(text) == {"to": prompt, "count": 1, "nested": {"list": [prompt]}}


@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("escape", ({}, {"escape_unicode": True}, {"escape_arguments": True}), ids=("raw", "outer", "inner"))
def test_parallel_tools(client, captured, canary, delta, escape):
    prompt = f"Zoë: mail {canary.email()}, and then call {canary.phone()}."
    calls = [{"name": "send_mail", "arguments": {"to": "é {{last_user}}"}}, {"name": "call_phone", "arguments": {"number": "{{last_user}}"}}]
    stream = Assembled(ask(client, prompt, {"tool_calls": calls, "delta_bytes": delta, **escape}, stream=True, tools=TOOLS, n=2))
    assert stream.names == {(c, i): call["name"] for c in (0, 1) for i, call in enumerate(calls)}
    for choice in (0, 1):
        assert json.loads(stream.arguments[choice, 0]) == {"to": "é " + prompt}
        assert json.loads(stream.arguments[choice, 1]) == {"number": prompt}
    assert stream.finish == {0: "tool_calls", 1: "tool_calls"}


@pytest.mark.parametrize("streamed", (False, True))
def test_one_megabyte(client, captured, canary, streamed):
    lines = [f"{i}: nothing to see in this line of a long report\n" for i in range(20000)]
    for place in (0, 9999, 19999):
        lines[place] += f"write to {canary.email()}\n"
    prompt = "".join(lines)
    assert len(prompt) > 1_000_000
    answer = ask(client, prompt, {"delta_bytes": 50_000}, stream=streamed)
    text = Assembled(answer).text[0] if streamed else answer.choices[0].message.content
    assert text == "You said: " + prompt


@pytest.mark.parametrize("streamed", (False, True))
def test_no_value_arrives(agent, mock, captured, canary, gateway, streamed):
    prompt = canary.everything()
    tool = {"role": "tool", "tool_call_id": "c1", "content": f"found {canary.email()}"}
    call = {"id": "c1", "type": "function", "function": {"name": "send_mail", "arguments": json.dumps({"to": canary.email()})}}
    history = [*messages(prompt), {"role": "assistant", "content": None, "tool_calls": [call]}, tool,
               {"role": "user", "content": [{"type": "text", "text": f"and {canary.address()}?"}]}]
    answer = agent.chat(history, stream=streamed, user=canary.email(), x_unknown={canary.email(): [canary.host()]})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-sluice-tier"] == "HIGH" and answer.headers["x-sluice-upstream"] == "local"
    assert int(answer.headers["x-sluice-tokens"]) >= 8
    assert captured.only_request().listener == "local"
    assert_unseen(canary.values, captured.raw())
    assert_unseen(canary.values, gateway.written(), "the gateway's own files")


def shape(event):
    """What an event is, beside its text."""
    if event == "[DONE]":
        return event
    parsed = json.loads(event)
    choices = [(c["index"], tuple(c["delta"]), tuple((t["index"], "id" in t) for t in c["delta"].get("tool_calls", [])),
                c["finish_reason"]) for c in parsed["choices"]]
    return tuple(choices), parsed.get("usage") is not None


@pytest.mark.parametrize("behaviour,added", (
    ({"delta_bytes": 4}, 0),
    ({"delta_bytes": 4, "reply": "to {{last_token}}"}, 0),
    ({"delta_bytes": 4, "reply": "to {{last_token}} or EMAIL_7"}, 1),
    ({"delta_bytes": 4, "tool_calls": [{"name": "f", "arguments": {"a": "{{last_token}}"}}]}, 0),
    ({"reply": "to {{last_token}} or EMAIL_7"}, 1),
), ids=("echo", "ends-in-token", "ends-in-half", "tools", "one-delta"))
def test_events_keep_number_and_order(agent, mock, captured, canary, behaviour, added):
    answer = agent.chat(f"for {canary.email()}.", stream=True, stream_options={"include_usage": True}, mock=behaviour)
    got = [shape(event) for event in events_of(answer.content)]
    body = captured.only_request().body
    sent = [shape(event) for event in events_of(agent.client.post(mock.url("local") + "/chat/completions", content=body).content)]
    assert len(got) <= len(sent) + added
    rest = iter(got)
    assert all(event in rest for event in sent), "an event is missing or out of order"


def test_first_delta_leaves_before_the_stream_ends(agent, captured, canary):
    """The mock goes silent after role and first delta: what has come must be out already."""
    with agent.client.stream("POST", "/v1/chat/completions", json={
            "model": "mock", "stream": True, "messages": messages(canary.medium()),
            "mock": {"reply": "early words ", "repeat": 3, "stall_after_events": 2}}) as answer:
        data = b""
        for part in answer.iter_raw():
            data += part
            if b"early words" in data:
                break
    assert b"early words" in data and b"[DONE]" not in data and b'"error"' not in data
