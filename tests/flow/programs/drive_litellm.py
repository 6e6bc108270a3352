"""LiteLLM's client: completion() with api_base, one tool, told on standard input what to do."""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # no list of prices from elsewhere

import litellm

litellm.suppress_debug_info = True  # it would be written to standard output
root, kind, streamed = sys.argv[1], sys.argv[2], sys.argv[3] == "stream"
told = json.load(sys.stdin)
TOOL = {"type": "function", "function": {"name": "find_person", "description": "Finds a person in the address book.", "parameters": {
    "type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]}}}
PLACES = {
    "openai": {"model": "openai/mock", "api_base": root + "/v1"},
    "anthropic": {"model": "anthropic/mock", "api_base": root},
    # It sends no Content-Type of its own here, which sluice asks for.
    "ollama": {"model": "ollama_chat/mock", "api_base": root, "extra_headers": {"content-type": "application/json"}},
}


def turn(messages):
    answer = litellm.completion(messages=messages, tools=[TOOL], stream=streamed, api_key="k", num_retries=0, **PLACES[kind])
    return litellm.stream_chunk_builder(list(answer), messages=messages) if streamed else answer


messages = [{"role": "user", "content": told["prompt"]}]
calls = []
while True:
    message = turn(messages).choices[0].message
    messages.append(message.model_dump(exclude_none=True))
    if not message.tool_calls:
        break
    for call in message.tool_calls:
        calls.append([call.function.name, json.loads(call.function.arguments)])
        messages.append({"role": "tool", "tool_call_id": call.id, "name": call.function.name, "content": told["result"]})
json.dump({"text": message.content, "calls": calls}, sys.stdout)
