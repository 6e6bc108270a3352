"""LlamaIndex: OpenAILike with one tool, told on standard input what to do."""

import json
import sys

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike

root, streamed = sys.argv[1], sys.argv[3] == "stream"
told = json.load(sys.stdin)


def find_person(to: str) -> str:
    """Finds a person in the address book."""
    return told["result"]


tool = FunctionTool.from_defaults(find_person)
model = OpenAILike(model="mock", api_base=root + "/v1", api_key="k", is_chat_model=True, is_function_calling_model=True, max_retries=0)


# By default it asks for one call at a time, which an upstream of Ollama's format cannot be told.
ask = {"tools": [tool], "allow_parallel_tool_calls": True}


def turn(messages):
    if not streamed:
        return model.chat_with_tools(chat_history=messages, **ask)
    last = None
    for last in model.stream_chat_with_tools(chat_history=messages, **ask):
        pass
    return last


messages = [ChatMessage(role="user", content=told["prompt"])]
calls = []
while True:
    answer = turn(messages)
    messages.append(answer.message)
    wanted = model.get_tool_calls_from_response(answer, error_on_no_tool_call=False)
    if not wanted:
        break
    for call in wanted:
        calls.append([call.tool_name, call.tool_kwargs])
        messages.append(ChatMessage(role="tool", content=find_person(**call.tool_kwargs), additional_kwargs={"tool_call_id": call.tool_id}))
json.dump({"text": answer.message.content, "calls": calls}, sys.stdout)
