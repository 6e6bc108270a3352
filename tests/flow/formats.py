"""The wire formats, each through its vendor's own client package: the same question, the same kind of answer.

A driver is one format. ask() sends a prompt with the mock's keys in the body, and answers what the package made of
the reply; a stream is read event by event, and what the deltas add up to must be what the package adds up itself.
"""

import dataclasses
import json

import anthropic
import ollama
import openai
from google import genai
from google.genai import types as gemini_types

from gateway import upstream
from mock import CLASSES

# What the base URL of an upstream ends with, as the vendor's client package takes it.
BASES = {"openai": "/v1", "anthropic": "/v1", "ollama": "", "gemini": "/v1beta"}

KEY = "agent-key-of-the-flow-tests"
SECONDS = 30


def upstreams(mock, classes=CLASSES):
    """An upstream of each class for each format, on the mock's listener of that class."""
    return [upstream(f"{class_}-{api}", mock.root(class_) + base, class_, api=api)
            for class_ in classes for api, base in BASES.items()]


@dataclasses.dataclass
class Said:
    """What an answer says. Choices are numbered; calls by (choice, place in it)."""
    texts: dict = dataclasses.field(default_factory=dict)
    calls: dict = dataclasses.field(default_factory=dict)
    thinking: str = ""
    events: int = 0
    more: dict = dataclasses.field(default_factory=dict)  # what only this format has, for tests of it alone

    def same(self, other):
        return (self.texts, self.calls, self.thinking) == (other.texts, other.calls, other.thinking)


def tools_of(behaviour):
    return [call["name"] for call in behaviour.get("tool_calls", ()) if call.get("kind", "function") == "function"]


SCHEMA = {"type": "object", "properties": {"to": {"type": "string"}}}


class Driver:
    name = api = path = None
    choices = False  # several choices to one prompt
    tools = True
    streams = True
    no_space = True  # reads `data:` without a space

    def __init__(self, root, key=KEY, **more):
        self.root = root
        self.client = self.make(root, key, **more)

    def close(self):
        self.client.close()


class OpenAI(Driver):
    api = "openai"

    def make(self, root, key, max_retries=0, **more):
        return openai.OpenAI(base_url=root + "/v1", api_key=key, max_retries=max_retries, timeout=SECONDS, **more)


class OpenAIChat(OpenAI):
    name, path, choices = "openai-chat", "/v1/chat/completions", True

    def ask(self, prompt, behaviour=None, stream=False, n=None, messages=None, **more):
        behaviour = behaviour or {}
        tools = [{"type": "function", "function": {"name": t, "parameters": SCHEMA}} for t in tools_of(behaviour)]
        if tools:
            more["tools"] = tools
        if n:
            more["n"] = n
        ask = dict(model="mock", messages=messages or [{"role": "user", "content": prompt}], extra_body={"mock": behaviour}, **more)
        if stream:
            with self.client.chat.completions.stream(**ask) as events:
                deltas = self.deltas(event.chunk for event in events if event.type == "chunk")
                whole = self.said(events.get_final_completion())
            assert deltas.same(whole), "the package adds up something else than its chunks"
            whole.events = deltas.events
            return whole
        return self.said(self.client.chat.completions.create(**ask))

    @staticmethod
    def said(answer):
        said = Said(more={"finish": [c.finish_reason for c in answer.choices], "usage": answer.usage})
        for choice in answer.choices:
            said.texts[choice.index] = choice.message.content or ""
            for i, call in enumerate(choice.message.tool_calls or []):
                said.calls[choice.index, i] = (call.function.name, call.function.arguments)
        return said

    @staticmethod
    def deltas(chunks):
        said = Said()
        for chunk in chunks:
            said.events += 1
            for choice in chunk.choices:
                said.texts[choice.index] = said.texts.get(choice.index, "") + (choice.delta.content or "")
                for call in choice.delta.tool_calls or []:
                    name, arguments = said.calls.get((choice.index, call.index), (None, ""))
                    function = call.function
                    said.calls[choice.index, call.index] = (name or function.name, arguments + (function.arguments or ""))
        return said


class OpenAICompletions(OpenAI):
    name, path, choices, tools = "openai-completions", "/v1/completions", True, False

    def ask(self, prompt, behaviour=None, stream=False, n=None, **more):
        if n:
            more["n"] = n
        answer = self.client.completions.create(model="mock", prompt=prompt, stream=stream, extra_body={"mock": behaviour or {}}, **more)
        said = Said()
        for chunk in answer if stream else [answer]:
            said.events += 1
            for choice in chunk.choices:
                said.texts[choice.index] = said.texts.get(choice.index, "") + choice.text
        return said


class OpenAIResponses(OpenAI):
    name, path = "openai-responses", "/v1/responses"

    def ask(self, prompt, behaviour=None, stream=False, **more):
        behaviour = behaviour or {}
        tools = [{"type": "function", "name": t, "parameters": SCHEMA, "strict": False} for t in tools_of(behaviour)]
        if tools:
            more["tools"] = tools
        ask = dict(model="mock", input=prompt, extra_body={"mock": behaviour}, **more)
        if not stream:
            return self.said(self.client.responses.create(**ask))
        deltas, dones, numbers, final = {}, {}, [], None
        for event in self.client.responses.create(stream=True, **ask):
            numbers.append(event.sequence_number)
            self.add(event, deltas, dones)
            if event.type in ("response.completed", "response.incomplete"):
                final = event.response
        assert numbers == list(range(len(numbers))), "sequence numbers"
        assert final is not None, "the stream has no end"
        assert {place: text for place, text in deltas.items()} == dones, "deltas and full texts differ"
        said = self.said(final)
        said.events = len(numbers)
        said.more["spoken"] = dones
        in_items = {(item.id, key): text for item in final.output for key, text in self.texts_of(item)}
        assert in_items == {(item, key): text for (item, key), text in dones.items()}, "events and the final response differ"
        return said

    @staticmethod
    def add(event, deltas, dones):
        for ending in ("delta", "done"):
            for kind, field in (("output_text", "text"), ("function_call_arguments", "arguments"), ("refusal", "refusal"),
                                ("custom_tool_call_input", "input"), ("mcp_call_arguments", "arguments"),
                                ("code_interpreter_call_code", "code"), ("reasoning_summary_text", "text")):
                if event.type != f"response.{kind}.{ending}":
                    continue
                place = (event.item_id, kind)
                if ending == "delta":
                    deltas[place] = deltas.get(place, "") + event.delta
                else:
                    dones[place] = getattr(event, field)
                    deltas.setdefault(place, "")

    @staticmethod
    def texts_of(item):
        if item.type == "message":
            for part in item.content:
                yield ("output_text", part.text) if part.type == "output_text" else ("refusal", part.refusal)
        elif item.type == "reasoning":
            yield "reasoning_summary_text", item.summary[0].text
        elif item.type == "code_interpreter_call":
            yield "code_interpreter_call_code", item.code
        elif item.type == "custom_tool_call":
            yield "custom_tool_call_input", item.input
        elif item.type == "mcp_call":
            yield "mcp_call_arguments", item.arguments
        else:
            yield "function_call_arguments", item.arguments

    def said(self, answer):
        said = Said(texts={0: answer.output_text}, more={"id": answer.id, "status": answer.status, "response": answer})
        for item in answer.output:
            if item.type == "reasoning":
                said.thinking = item.summary[0].text
            elif item.type != "message":
                (_, text), = self.texts_of(item)
                said.calls[0, len(said.calls)] = (getattr(item, "name", None), text)
        return said


class AnthropicMessages(Driver):
    name, api, path = "anthropic-messages", "anthropic", "/v1/messages"

    def make(self, root, key, max_retries=0, **more):
        return anthropic.Anthropic(base_url=root, api_key=key, max_retries=max_retries, timeout=SECONDS, **more)

    def ask(self, prompt, behaviour=None, stream=False, messages=None, **more):
        behaviour = behaviour or {}
        tools = [{"name": t, "input_schema": SCHEMA} for t in tools_of(behaviour)]
        if tools:
            more["tools"] = tools
        ask = dict(model="mock", max_tokens=1000, messages=messages or [{"role": "user", "content": prompt}],
                   extra_body={"mock": behaviour}, **more)
        if not stream:
            return self.said(self.client.messages.create(**ask))
        deltas, events = {}, 0
        with self.client.messages.stream(**ask) as opened:
            for event in opened:
                events += 1
                if event.type == "content_block_delta":
                    kind = event.delta.type
                    field = {"text_delta": "text", "input_json_delta": "partial_json", "thinking_delta": "thinking"}.get(kind)
                    if field:
                        deltas[event.index] = deltas.get(event.index, "") + getattr(event.delta, field)
            said = self.said(opened.get_final_message())
        said.events = events
        for index, block in enumerate(said.more["content"]):
            streamed = deltas.get(index, "")
            if block.type == "tool_use":
                assert json.loads(streamed or "{}") == block.input, "input deltas and the final message differ"
            elif block.type in ("text", "thinking"):
                assert streamed == (block.text if block.type == "text" else block.thinking)
        return said

    @staticmethod
    def said(answer):
        said = Said(texts={0: ""}, more={"content": answer.content, "finish": answer.stop_reason, "usage": answer.usage})
        for block in answer.content:
            if block.type == "text":
                said.texts[0] += block.text
            elif block.type == "thinking":
                said.thinking += block.thinking
            elif block.type == "tool_use":
                said.calls[0, len(said.calls)] = (block.name, block.input)
        return said


class Ollama(Driver):
    api = "ollama"

    def make(self, root, key, **more):
        return ollama.Client(host=root, timeout=SECONDS, headers={"authorization": f"Bearer {key}"}, **more)


class OllamaChat(Ollama):
    name, path = "ollama-chat", "/api/chat"

    def ask(self, prompt, behaviour=None, stream=False, messages=None, **more):
        behaviour = behaviour or {}
        tools = [{"type": "function", "function": {"name": t, "parameters": SCHEMA}} for t in tools_of(behaviour)]
        answer = self.client.chat(model="mock", messages=messages or [{"role": "user", "content": prompt}], stream=stream,
                                  tools=tools or None, options={"mock": behaviour}, **more)
        said = Said(texts={0: ""})
        for chunk in answer if stream else [answer]:
            said.events += 1
            said.texts[0] += chunk.message.content or ""
            said.thinking += chunk.message.thinking or ""
            for call in chunk.message.tool_calls or []:
                said.calls[0, len(said.calls)] = (call.function.name, dict(call.function.arguments))
        assert chunk.done, "the answer has no end"
        return said


class OllamaGenerate(Ollama):
    name, path, tools = "ollama-generate", "/api/generate", False

    def ask(self, prompt, behaviour=None, stream=False, **more):
        answer = self.client.generate(model="mock", prompt=prompt, stream=stream, options={"mock": behaviour or {}}, **more)
        said = Said(texts={0: ""})
        for chunk in answer if stream else [answer]:
            said.events += 1
            said.texts[0] += chunk.response or ""
            said.thinking += chunk.thinking or ""
        assert chunk.done, "the answer has no end"
        return said


class Gemini(Driver):
    name, api, choices, no_space = "gemini", "gemini", True, False
    version = "v1"  # what the package asks for by itself
    path = "/v1/models/mock:generateContent"

    def make(self, root, key, retry_options=None):
        return genai.Client(api_key=key, http_options=gemini_types.HttpOptions(
            base_url=root, api_version=self.version, timeout=SECONDS * 1000, retry_options=retry_options))

    def ask(self, prompt, behaviour=None, stream=False, n=None, messages=None, **more):
        behaviour = behaviour or {}
        declared = [{"name": t, "parameters_json_schema": SCHEMA} for t in tools_of(behaviour)]
        config = {"http_options": {"extra_body": {"mock": behaviour}}, "candidate_count": n, **more}
        if declared:
            config["tools"] = [gemini_types.Tool(function_declarations=declared)]
            config["automatic_function_calling"] = {"disable": True}
        ask = dict(model="mock", contents=messages or prompt, config=config)
        models = self.client.models
        answers = models.generate_content_stream(**ask) if stream else [models.generate_content(**ask)]
        said = Said()
        for answer in answers:
            said.events += 1
            for candidate in answer.candidates:
                self.add(candidate, said)
        return said

    @staticmethod
    def add(candidate, said):
        index = candidate.index or 0
        said.texts.setdefault(index, "")
        said.more.setdefault("parts", []).extend(candidate.content.parts or [])
        if candidate.finish_reason:
            said.more["finish"] = candidate.finish_reason.value
        for part in candidate.content.parts or []:
            if part.function_call:
                place = (index, sum(1 for c, _ in said.calls if c == index))
                said.calls[place] = (part.function_call.name, part.function_call.args)
            elif part.thought:
                said.thinking += part.text
            else:
                said.texts[index] += part.text or ""


class GeminiBeta(Gemini):
    name, version, path = "gemini-beta", "v1beta", "/v1beta/models/mock:generateContent"


DRIVERS = {driver.name: driver for driver in (OpenAIChat, OpenAICompletions, OpenAIResponses, AnthropicMessages, OllamaChat,
                                              OllamaGenerate, Gemini, GeminiBeta)}


def body_of(name, prompt, stream=False, **more):
    """The smallest request of a format, as its body goes over the wire."""
    messages = [{"role": "user", "content": prompt}]
    streams = {"stream": True} if stream else {}
    if DRIVERS[name].api == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **more}
    return {
        "openai-chat": {"model": "mock", "messages": messages, **streams},
        "openai-completions": {"model": "mock", "prompt": prompt, **streams},
        "openai-responses": {"model": "mock", "input": prompt, **streams},
        "anthropic-messages": {"model": "mock", "max_tokens": 1000, "messages": messages, **streams},
        "ollama-chat": {"model": "mock", "messages": messages, "stream": stream},
        "ollama-generate": {"model": "mock", "prompt": prompt, "stream": stream},
    }[name] | more


def path_of(name, stream=False):
    path = DRIVERS[name].path
    return path.replace(":generateContent", ":streamGenerateContent?alt=sse") if stream else path
