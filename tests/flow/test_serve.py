"""The command line, the admin port, and the ways to start and stop."""

import concurrent.futures
import json
import subprocess

import httpx
import pytest

from agent import Agent, events_of
from captured import assert_unseen
from gateway import upstream
from process import wait_until

CONFIG = """\
listen: 127.0.0.1:0
data_dir: {data}
policy: balanced
upstreams:
  - {{name: local, class: local, api: openai, url: "{url}"}}
{more}"""


def run(sluice, *arguments, stdin=""):
    return subprocess.run([sluice, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=50, check=False)


@pytest.fixture
def config(tmp_path, mock):
    def write(more=""):
        path = tmp_path / "sluice.yaml"
        path.write_text(CONFIG.format(data=tmp_path / "data", url=mock.url("local"), more=more))
        return path

    return write


def test_check_accepts(sluice, config):
    done = run(sluice, "check", "--config", config())
    assert done.returncode == 0, done.stderr


WRONG = {
    "unknown-key": ("listne: 127.0.0.1:1\n", "sluice.yaml:6:1", "listne"),
    "unknown-inner-key": ("limits:\n  body_byte: 4096\n", "sluice.yaml:7:3", "body_byte"),
    "wrong-type": ("threads: many\n", "sluice.yaml:6:", "threads"),
    "duplicate": ("policy: strict\n", "sluice.yaml:6:1", "policy"),
    "no-environment": ('key_file: "${SLUICE_NO_SUCH_VARIABLE}"\n', "sluice.yaml:6:", "SLUICE_NO_SUCH_VARIABLE"),
}


@pytest.mark.parametrize("more,place,word", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("command", ("check", "serve"))
def test_a_wrong_configuration_names_its_place(sluice, config, command, more, place, word):
    done = run(sluice, command, "--config", config(more))
    assert done.returncode != 0
    assert place in done.stderr and word in done.stderr, done.stderr


def test_check_tells_of_an_upstream_that_is_down(sluice, tmp_path):
    path = tmp_path / "sluice.yaml"
    path.write_text(CONFIG.format(data=tmp_path / "data", url="http://127.0.0.1:1/v1", more=""))
    done = run(sluice, "check", "--config", path)
    assert "local" in done.stdout + done.stderr and "127.0.0.1:1" in done.stdout + done.stderr


def redact(sluice, lines, *arguments):
    done = run(sluice, "redact", *arguments, stdin="".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


ROUTES = {"LOW": ["local", "subscription", "metered"], "MEDIUM": ["local", "subscription"], "HIGH": ["local"], "BLOCKED": []}


def test_redact_text(sluice, canary):
    lines = [{"id": f"{tier}-{i}", "text": getattr(canary, tier)()} for i in range(5) for tier in ("low", "medium", "high", "blocked")]
    results = redact(sluice, lines)
    assert [r["id"] for r in results] == [line["id"] for line in lines]
    for line, result in zip(lines, results):
        tier = line["id"].split("-")[0].upper()
        assert result["tier"] == tier and result["route"] == ROUTES[tier]
        assert result["action"] == {"LOW": "pass", "BLOCKED": "block"}.get(tier, "tokenise")
        assert (result["text"] == line["text"]) == (tier == "LOW") and (result["text"] is None) == (tier == "BLOCKED")
        if result["text"] and tier != "LOW":
            assert_unseen(canary.values, result["text"].encode(), "the output")


def test_redact_offsets_count_bytes(sluice, canary):
    before = "Zoë – 日本 😀 "
    email = canary.email()
    result, = redact(sluice, [{"id": "1", "text": f"{before}{email} ok"}])
    begin = len(before.encode())
    found = [f for f in result["findings"] if f["kind"] == "email"]
    assert [(f["begin"], f["end"]) for f in found] == [(begin, begin + len(email))]
    assert found[0]["rule"] and 0 < found[0]["confidence"] <= 1


def test_redact_strip(sluice, canary):
    lines = [{"id": tier, "text": getattr(canary, tier)()} for tier in ("low", "medium", "high", "blocked")]
    results = redact(sluice, lines, "--mode", "strip")
    assert [r["tier"] for r in results] == ["LOW", "MEDIUM", "HIGH", "BLOCKED"]
    assert all(isinstance(r["text"], str) for r in results)
    assert_unseen(canary.values, json.dumps(results).encode(), "the output")


def test_redact_body(sluice, canary):
    bodies = [{"model": "m", "messages": [{"role": "user", "content": getattr(canary, tier)()}]} for tier in ("low", "medium", "blocked")]
    low, medium, blocked = redact(sluice, [{"id": str(i), "body": body} for i, body in enumerate(bodies)])
    assert low["body"] == bodies[0] and low["action"] == "pass"
    assert medium["body"]["messages"][0]["role"] == "user" and medium["action"] == "tokenise"
    assert blocked["body"] is None and blocked["action"] == "block"
    assert_unseen(canary.values, json.dumps([medium, blocked]).encode(), "the output")


def test_redact_gives_one_value_one_token(sluice, canary):
    email = canary.email()
    first, second = redact(sluice, [{"id": "a", "text": f"to {email}"}, {"id": "b", "text": f"to {email}"}])
    assert first["text"] == second["text"]


def test_redact_strict_policy(sluice):
    line = {"id": "1", "text": "our revenue forecast"}
    assert redact(sluice, [line], "--policy", "strict")[0]["tier"] == "HIGH"


def test_health_and_models(gateway, agent, captured):
    for path in ("/healthz", "/readyz"):
        assert httpx.get(gateway.admin_url + path).status_code == 200
        assert agent.client.get(path).status_code == 200
    listing = agent.client.get("/v1/models").json()
    assert listing["object"] == "list" and "mock" in {model["id"] for model in listing["data"]}


def test_model_names_are_mapped(start_gateway, mock, captured):
    agent = Agent(start_gateway([upstream("local", mock.url("local"), models={"gpt-4o": "llama3.3"})]).url)
    body = b'{ "messages":[{"role":"user","content":"gpt-4o"}], "model" : "gpt-4o" }'
    assert agent.post(body).status_code == 200
    assert captured.only_request().body == body.replace(b': "gpt-4o"', b': "llama3.3"')
    agent.close()


def test_terminate_drains(start_gateway, mock, captured, canary):
    """A stream that is under way ends well; new connections are refused; the process ends with 0."""
    gateway = start_gateway([upstream("local", mock.url("local"))])
    agent = Agent(gateway.url)
    behaviour = {"reply": "x{{last_user}}", "repeat": 20, "chunk_delay_ms": 50}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(agent.stream, canary.medium(), mock=behaviour)
        wait_until(captured.requests)
        gateway.process.child.terminate()
        wait_until(lambda: refused(gateway))
        answer, data = running.result(20)
    agent.close()
    assert answer.status_code == 200 and events_of(data)[-1] == "[DONE]"
    gateway.stop()


def refused(gateway):
    try:
        return httpx.get(gateway.url + "/healthz", timeout=2).status_code == 503
    except httpx.TransportError:
        return True


def test_files_are_private(gateway, agent, captured, canary):
    agent.chat(canary.medium())
    data = gateway.folder / "data"
    assert data.stat().st_mode & 0o77 == 0
    keys = [path for path in data.rglob("*") if "key" in path.name and path.is_file()]
    assert keys and all(path.stat().st_mode & 0o77 == 0 for path in keys)
