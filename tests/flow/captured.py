"""What the mock upstream received: raw bytes by listener, and parsed requests."""

import base64
import json
import pathlib
import urllib.parse


class Request:
    def __init__(self, record):
        self.connection = record["connection"]
        self.listener = record["listener"]
        self.method = record["method"]
        self.path = record["path"]
        self.headers = [(name.lower(), value) for name, value in record["headers"]]
        text = record["body_encoding"] == "text"
        self.body = record["body"].encode() if text else base64.b64decode(record["body"])

    def header(self, name):
        return [value for key, value in self.headers if key == name]

    def json(self):
        return json.loads(self.body)

    def last_user(self):
        return [m["content"] for m in self.json()["messages"] if m["role"] == "user"][-1]


def number_of(path):
    return int(path.stem.split("-")[1])


class Captured:
    """A view of a capture folder that shows only what came after it was made."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.seen_bytes = {path: path.stat().st_size for path in self.folder.glob("conn-*.raw")}
        self.seen_requests = set(self.folder.glob("req-*.json"))

    def connections(self, listener=None):
        """The records of all connections, also older ones: they are kept and used again."""
        paths = sorted(self.folder.glob("conn-*.json"), key=number_of)
        records = {number_of(path): json.loads(path.read_text()) for path in paths}
        return {n: record for n, record in records.items() if listener in (None, record["listener"])}

    def raw(self, listener=None):
        """Every byte that arrived."""
        parts = []
        for number in self.connections(listener):
            path = self.folder / f"conn-{number}.raw"
            if path.exists():
                parts.append(path.read_bytes()[self.seen_bytes.get(path, 0):])
        return b"".join(parts)

    def requests(self, listener=None):
        fresh = sorted(set(self.folder.glob("req-*.json")) - self.seen_requests, key=number_of)
        found = [Request(json.loads(path.read_text())) for path in fresh]
        return [request for request in found if listener in (None, request.listener)]

    def only_request(self, listener=None):
        found = self.requests(listener)
        assert len(found) == 1, f"{len(found)} requests arrived, expected one"
        return found[0]


def base64_cores(value, alphabet):
    """What base64 makes of the value wherever it stands: the symbols that its neighbours cannot change."""
    for before in range(3):
        coded = alphabet(b"\0" * before + value).rstrip(b"=")
        first = (before * 8 + 5) // 6
        last = (before + len(value)) * 8 // 6
        yield coded[first:last]


def traces(value):
    """The forms in which a value could be recognised."""
    raw = value.encode()
    forms = {raw, json.dumps(value)[1:-1].encode(), raw.hex().encode(), raw.hex().upper().encode(),
             urllib.parse.quote(value, safe="").encode(), raw[::-1]}
    forms.update(base64_cores(raw, base64.b64encode))
    forms.update(base64_cores(raw, base64.urlsafe_b64encode))
    digits = "".join(c for c in value if c.isdigit())
    if len(digits) >= 9:
        forms.add(digits.encode())
    return forms


def assert_unseen(values, data, where="the upstream"):
    """No value is in data, raw or coded; says which kind of form was found, at which place."""
    for value in values:
        for form in traces(value):
            at = data.find(form)
            assert at < 0, f"{where} saw {form!r} at byte {at}"
