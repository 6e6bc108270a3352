"""An https upstream is believed only with a certificate of the right CA, for the right name, at the right time."""

import pytest

from agent import Agent
from gateway import upstream
from terminator import Terminator

CERTIFICATES = {
    "good": (True, lambda ca: ca.issued("good")),
    "wrong-host": (False, lambda ca: ca.issued("wrong-host", names="DNS:other.example")),
    "expired": (False, lambda ca: ca.issued("expired", begin="20200101000000Z", end="20200201000000Z")),
    "not-yet": (False, lambda ca: ca.issued("not-yet", begin="20480101000000Z")),
    "self-signed": (False, lambda ca: ca.self_signed("self-signed")),
}


@pytest.fixture
def behind_tls(certificates, mock, start_gateway):
    made = []

    def start(make):
        terminator = Terminator(*make(certificates), mock.ports["local"])
        made.append(terminator)
        url = f"https://localhost:{terminator.port}/v1"
        gateway = start_gateway([upstream("local", url, ca_file=str(certificates.ca))], ready="/healthz")
        return terminator, Agent(gateway.url)

    yield start
    for terminator in made:
        terminator.close()


@pytest.mark.parametrize("good,make", CERTIFICATES.values(), ids=CERTIFICATES)
def test_certificate(behind_tls, captured, canary, good, make):
    terminator, agent = behind_tls(make)
    prompt = canary.medium()
    answers = [agent.chat(prompt) for _ in range(2)]
    agent.close()
    if good:
        assert [a.json()["choices"][0]["message"]["content"] for a in answers] == ["You said: " + prompt] * 2
        assert terminator.handshakes == 1 and len(captured.requests("local")) == 2
    else:
        assert {a.status_code for a in answers} <= {502, 503}
        assert bytes(terminator.plain) == b"" and captured.raw() == b""


def test_system_authorities_do_not_include_ours(certificates, mock, start_gateway, captured):
    terminator = Terminator(*certificates.issued("unknown-ca"), mock.ports["local"])
    agent = Agent(start_gateway([upstream("local", f"https://localhost:{terminator.port}/v1")], ready="/healthz").url)
    assert agent.chat("hello").status_code in (502, 503)
    assert bytes(terminator.plain) == b"" and captured.raw() == b""
    agent.close()
    terminator.close()


def test_stream_and_large_answers_pass(behind_tls, captured, canary):
    terminator, agent = behind_tls(lambda ca: ca.issued("large"))
    prompt = f"for {canary.email()}: " + "long " * 50_000
    assert agent.chat(prompt).json()["choices"][0]["message"]["content"] == "You said: " + prompt
    answer, data = agent.stream(canary.medium(), mock={"repeat": 200, "delta_bytes": 20})
    assert answer.status_code == 200 and data.endswith(b"data: [DONE]\n\n")
    agent.close()
