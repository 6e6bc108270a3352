"""The official Node packages, openai and @anthropic-ai/sdk: text, streams, tools and refusals.

They are installed into the build folder from the lock file beside their script; all cases run in one process, through
a relay that counts what the packages send.
"""

import filecmp
import json
import random
import shutil
import subprocess

import pytest

from captured import Captured, assert_unseen
from canary import Canary
from conftest import BUILD, DIRECT, ROOT, SEED
from formats import KEY
from relay import Relay

SOURCE = ROOT / "tests" / "flow" / "node"
FOLDER = BUILD / "node-clients"
INSTALL_SECONDS = 240

CLIENTS = ("chat", "responses", "messages")
CALLS = [{"name": "send_mail", "arguments": {"to": "é {{last_user}}", "n": 1}}, {"name": "call_phone", "arguments": {"number": "{{last_user}}"}}]
KINDS = {
    "text": {},
    "escaped": {"escape_unicode": True, "eol": "crlf"},
    "tools": {"tool_calls": CALLS},
    "escaped-tools": {"tool_calls": CALLS, "escape_unicode": True, "escape_arguments": True},
}
CUTS = [(delta, tcp) for delta in (1, 3, 64) for tcp in (0, 7)]


@pytest.fixture(scope="module")
def script():
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed: the Node packages are not tested")
    FOLDER.mkdir(exist_ok=True)
    lock, installed = SOURCE / "package-lock.json", FOLDER / "installed.json"
    if not installed.exists() or not filecmp.cmp(lock, installed, shallow=False):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, FOLDER / name)
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=FOLDER, capture_output=True, text=True,
                              timeout=INSTALL_SECONDS, check=False)
        assert done.returncode == 0, f"npm ci: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        shutil.copy(lock, installed)
    return shutil.copy(SOURCE / "clients.mjs", FOLDER / "clients.mjs")


def cases_of(prompt, blocked):
    for client in CLIENTS:
        for kind, behaviour in KINDS.items():
            tools = [call["name"] for call in behaviour.get("tool_calls", ())] or None
            yield {"id": f"{client}-{kind}", "client": client, "prompt": prompt, "mock": behaviour, "tools": tools, "stream": False}
            for delta, tcp in CUTS:
                yield {"id": f"{client}-{kind}-{delta}-{tcp}", "client": client, "prompt": prompt, "tools": tools, "stream": True,
                       "mock": {**behaviour, "delta_bytes": delta, "tcp_bytes": tcp}}
        told = {"status": 403, "error": {"message": "m", "code": "sluice_blocked"}, "headers": {"x-should-retry": "false"}} if DIRECT else {}
        for streamed in (False, True):
            yield {"id": f"{client}-blocked-{streamed}", "client": client, "prompt": blocked, "mock": told, "stream": streamed}


class Run:
    """All cases at once: their results, and what left on both sides."""

    def __init__(self, script, place, mock, canary):
        self.canary = canary
        self.prompt = f'Zoë: mail "{canary.email()}" \\ {canary.phone()} 😀\n'
        self.blocked = canary.blocked()
        self.cases = {case["id"]: case for case in cases_of(self.prompt, self.blocked)}
        mock.script()
        captured = Captured(mock.capture)
        relay = Relay(place.port)
        done = subprocess.run(["node", script], input=json.dumps({"root": relay.root, "key": KEY, "cases": list(self.cases.values())}),
                              capture_output=True, text=True, timeout=200, check=False)
        relay.close()
        assert done.returncode == 0, done.stderr[-3000:]
        self.results = json.loads(done.stdout)
        self.requests = relay.requests
        self.arrived = captured.raw()


@pytest.fixture(scope="module")
def run(script, all_formats, mock):
    return Run(script, all_formats, mock, Canary(random.Random(f"{SEED}/node")))


@pytest.mark.timeout(400)
def test_every_case_ran_once(run):
    """The packages would repeat a refusal twice if they were not told that it cannot help."""
    assert set(run.results) == set(run.cases) and len(run.cases) >= 80
    assert run.requests == len(run.cases)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", CLIENTS)
def test_answers(run, client, kind):
    expected = {"text": "You said: " + run.prompt, "calls": []}
    if "tool_calls" in KINDS[kind]:
        expected = {"text": "", "calls": [["send_mail", {"to": "é " + run.prompt, "n": 1}], ["call_phone", {"number": run.prompt}]]}
    wrong = {}
    for id_, case in run.cases.items():
        if case["client"] == client and case["mock"].items() >= KINDS[kind].items() and id_.startswith(f"{client}-{kind}"):
            result = {**run.results[id_]}
            events = result.pop("events", 0)
            if result != expected or (case["stream"] and events < 3):
                wrong[id_] = result
    assert not wrong


@pytest.mark.parametrize("streamed", (False, True))
@pytest.mark.parametrize("client", CLIENTS)
def test_refusals(run, client, streamed):
    error = run.results[f"{client}-blocked-{streamed}"]["error"]
    assert error["name"] == "PermissionDeniedError" and error["status"] == 403
    if client != "messages":
        assert error["code"] == "sluice_blocked"
    assert_unseen(run.canary.values, error["message"].encode(), "the exception")


def test_no_value_arrived(run):
    if not DIRECT:
        assert run.arrived
        assert_unseen(run.canary.values, run.arrived)
