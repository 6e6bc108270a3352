"""LangChain: an agent of langchain-openai or langchain-anthropic with one tool, told on standard input what to do."""

import json
import sys

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

root, kind, streamed = sys.argv[1], sys.argv[2], sys.argv[3] == "stream"
told = json.load(sys.stdin)


@tool
def find_person(to: str) -> str:
    """Finds a person in the address book."""
    return told["result"]


MODELS = {
    "openai": lambda: ChatOpenAI(model="mock", base_url=root + "/v1", api_key="k", max_retries=0),
    "responses": lambda: ChatOpenAI(model="mock", base_url=root + "/v1", api_key="k", max_retries=0, use_responses_api=True),
    "anthropic": lambda: ChatAnthropic(model="mock", base_url=root, api_key="k", max_retries=0, max_tokens=1000),
}
model = MODELS[kind]().bind_tools([find_person])


def turn(messages):
    if not streamed:
        return model.invoke(messages)
    whole = None
    for chunk in model.stream(messages):
        whole = chunk if whole is None else whole + chunk
    return whole


messages = [HumanMessage(told["prompt"])]
calls = []
while True:
    answer = turn(messages)
    messages.append(answer)
    if not answer.tool_calls:
        break
    for call in answer.tool_calls:
        calls.append([call["name"], call["args"]])
        messages.append(ToolMessage(find_person.invoke(call["args"]), tool_call_id=call["id"]))
json.dump({"text": answer.text if isinstance(answer.text, str) else answer.text(), "calls": calls}, sys.stdout)
