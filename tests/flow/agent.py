"""An agent that speaks HTTP by hand, for what client packages hide: heads, bytes, events."""

import json
import re
import socket

import httpx

CHAT = "/v1/chat/completions"
JSON = {"content-type": "application/json"}


def chat_body(prompt, **more):
    messages = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
    return {"model": "mock", "messages": messages, **more}


def events_of(data):
    """The data of each event of a stream (WHATWG HTML 9.2.6)."""
    events, lines = [], []
    for line in re.split(r"\r\n|\n|\r", data.decode()):
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
        elif line == "" and lines:
            events.append("\n".join(lines))
            lines = []
    return events


def text_of(events):
    """The content of choice 0 of a stream's events."""
    parts = []
    for event in events:
        if event == "[DONE]":
            continue
        for choice in json.loads(event).get("choices", []):
            if choice["index"] == 0:
                parts.append(choice["delta"].get("content") or "")
    return "".join(parts)


class Agent:
    def __init__(self, url):
        self.client = httpx.Client(base_url=url, timeout=30)

    def close(self):
        self.client.close()

    def chat(self, prompt, **more):
        return self.client.post(CHAT, json=chat_body(prompt, **more))

    def post(self, body, path=CHAT, **headers):
        return self.client.post(path, content=body, headers={**JSON, **headers})

    def stream(self, prompt, **more):
        """The answer and its whole body, also when the body breaks off."""
        parts = []
        with self.client.stream("POST", CHAT, json=chat_body(prompt, stream=True, **more)) as answer:
            try:
                parts.extend(answer.iter_raw())
            except (httpx.RemoteProtocolError, httpx.ReadError):
                pass
        return answer, b"".join(parts)


def raw_exchange(port, data, seconds=10):
    """Sends exactly these bytes, and answers everything that comes back until the peer closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(data)
        parts = []
        try:
            while part := connection.recv(65536):
                parts.append(part)
        except TimeoutError:
            pass
        return b"".join(parts)
