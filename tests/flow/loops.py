"""Agents with a loop: each keeps its history as its own package wants it."""

import base64
import dataclasses
import json

import anthropic
import ollama
import openai

SECONDS = 30
SYSTEM = "You look after the address book, and repeat what you are told."
PARAMETERS = {"type": "object", "properties": {"to": {"type": "string"}, "note": {"type": "string"}}, "required": ["to"]}
TOOLS = {"find_person": "Finds a person in the address book.", "send_mail": "Sends a mail to a person."}
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")


@dataclasses.dataclass
class Turn:
    text: str
    calls: list  # (id, name, arguments)
    finish: str
    usage: tuple  # tokens of the prompt, tokens of the answer


class AgentLoop:
    """A conversation. ask() is one turn: it sends what was said so far, and keeps the answer."""

    def __init__(self, root, model, stream=False, **more):
        self.model, self.streamed, self.history = model, stream, []
        self.client = self.make(root, **more)

    def close(self):
        self.client.close()


class ChatAgent(AgentLoop):
    name, api = "openai-chat", "openai"
    finishes = {"calls": "tool_calls", "stop": "stop", "length": "length"}
    settings = {"temperature": 0.25, "max_completion_tokens": 77, "stop": ["END", "Ende é"]}

    def make(self, root, **more):
        return openai.OpenAI(base_url=root + "/v1", api_key="k", timeout=SECONDS, **{"max_retries": 0, **more})

    def say(self, prompt, image=None):
        if image:
            url = "data:image/png;base64," + base64.b64encode(image).decode()
            prompt = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": url}}]
        self.history += [{"role": "system", "content": SYSTEM}, {"role": "user", "content": prompt}]

    def ask(self, tools=(), choice=None, **more):
        if tools:
            more["tools"] = [{"type": "function", "function": {"name": t, "description": TOOLS[t], "parameters": PARAMETERS}} for t in tools]
        if choice:
            more["tool_choice"] = choice if choice in ("none", "required") else {"type": "function", "function": {"name": choice}}
        ask = dict(model=self.model, messages=self.history, **more)
        if self.streamed:
            with self.client.chat.completions.stream(stream_options={"include_usage": True}, **ask) as events:
                try:
                    answer = events.get_final_completion()
                except openai.LengthFinishReasonError as error:  # the package's own way to tell this finish
                    answer = error.completion
        else:
            answer = self.client.chat.completions.create(**ask)
        choice, = answer.choices
        calls = choice.message.tool_calls or []
        self.history.append({"role": "assistant", "content": choice.message.content, "tool_calls": [
            {"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}} for c in calls]})
        if not calls:
            del self.history[-1]["tool_calls"]
        return Turn(choice.message.content or "", [(c.id, c.function.name, json.loads(c.function.arguments)) for c in calls],
                    choice.finish_reason, (answer.usage.prompt_tokens, answer.usage.completion_tokens))

    def result(self, call, text):
        self.history.append({"role": "tool", "tool_call_id": call[0], "content": text})


class ResponsesAgent(AgentLoop):
    name, api = "openai-responses", "openai"
    finishes = {"calls": "completed", "stop": "completed", "length": "incomplete"}
    settings = {"temperature": 0.25, "max_output_tokens": 77}

    make = ChatAgent.make

    def say(self, prompt, image=None):
        if image:
            url = "data:image/png;base64," + base64.b64encode(image).decode()
            prompt = [{"type": "input_text", "text": prompt}, {"type": "input_image", "image_url": url, "detail": "auto"}]
        self.history.append({"role": "user", "content": prompt})

    def ask(self, tools=(), choice=None, **more):
        if tools:
            more["tools"] = [{"type": "function", "name": t, "description": TOOLS[t], "parameters": PARAMETERS, "strict": False} for t in tools]
        if choice:
            more["tool_choice"] = choice if choice in ("none", "required") else {"type": "function", "name": choice}
        ask = dict(model=self.model, instructions=SYSTEM, input=self.history, store=False, **more)
        answer = self.streaming(ask) if self.streamed else self.client.responses.create(**ask)
        calls = [item for item in answer.output if item.type == "function_call"]
        self.history += [item.model_dump(exclude_none=True) for item in answer.output]
        return Turn(answer.output_text, [(c.call_id, c.name, json.loads(c.arguments)) for c in calls], answer.status,
                    (answer.usage.input_tokens, answer.usage.output_tokens))

    def streaming(self, ask):
        """What the last event says; an error event is raised, as the package leaves that to its callers."""
        last = list(self.client.responses.create(stream=True, **ask))[-1]
        if last.type not in ("response.completed", "response.incomplete"):
            told = last.message if last.type == "error" else last.response.error.message if last.type == "response.failed" else "no end"
            raise openai.APIError(told, request=None, body=None)
        return last.response

    def result(self, call, text):
        self.history.append({"type": "function_call_output", "call_id": call[0], "output": text})


class MessagesAgent(AgentLoop):
    name, api = "anthropic-messages", "anthropic"
    finishes = {"calls": "tool_use", "stop": "end_turn", "length": "max_tokens"}
    settings = {"extra_body": {"temperature": 0.25}, "max_tokens": 77, "stop_sequences": ["END", "Ende é"]}

    def make(self, root, **more):
        return anthropic.Anthropic(base_url=root, api_key="k", timeout=SECONDS, **{"max_retries": 0, **more})

    def say(self, prompt, image=None):
        if image:
            source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(image).decode()}
            prompt = [{"type": "text", "text": prompt}, {"type": "image", "source": source}]
        self.history.append({"role": "user", "content": prompt})

    def ask(self, tools=(), choice=None, **more):
        if tools:
            more["tools"] = [{"name": t, "description": TOOLS[t], "input_schema": PARAMETERS} for t in tools]
        if choice:
            more["tool_choice"] = {"none": {"type": "none"}, "required": {"type": "any"}}.get(choice, {"type": "tool", "name": choice})
        ask = {"model": self.model, "system": SYSTEM, "max_tokens": 1000, "messages": self.history, **more}
        if self.streamed:
            with self.client.messages.stream(**ask) as events:
                answer = events.get_final_message()
        else:
            answer = self.client.messages.create(**ask)
        self.history.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in answer.content]})
        return Turn("".join(b.text for b in answer.content if b.type == "text"),
                    [(b.id, b.name, b.input) for b in answer.content if b.type == "tool_use"], answer.stop_reason,
                    (answer.usage.input_tokens, answer.usage.output_tokens))

    def result(self, call, text):
        block = {"type": "tool_result", "tool_use_id": call[0], "content": text}
        if self.history[-1]["role"] == "user":
            self.history[-1]["content"].append(block)
        else:
            self.history.append({"role": "user", "content": [block]})


class OllamaAgent(AgentLoop):
    name, api = "ollama-chat", "ollama"
    finishes = {"calls": "stop", "stop": "stop", "length": "length"}
    settings = {"options": {"temperature": 0.25, "num_predict": 77, "stop": ["END", "Ende é"]}}

    def make(self, root):
        return ollama.Client(host=root, timeout=SECONDS)

    def say(self, prompt, image=None):
        self.history += [{"role": "system", "content": SYSTEM},
                         {"role": "user", "content": prompt, **({"images": [image]} if image else {})}]

    def ask(self, tools=(), **more):
        if tools:
            more["tools"] = [{"type": "function", "function": {"name": t, "description": TOOLS[t], "parameters": PARAMETERS}} for t in tools]
        answer = self.client.chat(model=self.model, messages=self.history, stream=self.streamed, **more)
        text, calls, last = "", [], None
        for last in answer if self.streamed else [answer]:
            text += last.message.content or ""
            calls += last.message.tool_calls or []
        assert last.done, "the answer has no end"
        self.history.append({"role": "assistant", "content": text, "tool_calls": [c.model_dump(exclude_none=True) for c in calls]})
        return Turn(text, [(None, c.function.name, dict(c.function.arguments)) for c in calls], last.done_reason,
                    (last.prompt_eval_count, last.eval_count))

    def result(self, call, text):
        self.history.append({"role": "tool", "tool_name": call[1], "content": text})


AGENTS = {agent.name: agent for agent in (ChatAgent, ResponsesAgent, MessagesAgent, OllamaAgent)}
