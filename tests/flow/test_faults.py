"""One step fails, whichever it is: no byte of any request goes anywhere."""

import pytest

from agent import Agent
from gateway import upstream

STEPS = ("span", "scan", "decide", "tokenise", "recheck", "record")


@pytest.mark.parametrize("step", STEPS)
def test_a_failing_step_blocks(start_gateway, mock, captured, canary, step):
    upstreams = [upstream(name, mock.url(name)) for name in ("metered", "subscription", "local")]
    gateway = start_gateway(upstreams, env={"SLUICE_FAULT": step}, ready="/healthz")
    agent = Agent(gateway.url)
    for tier in ("low", "medium", "high", "blocked"):
        for streamed in (False, True):
            answer = agent.chat(getattr(canary, tier)(), stream=streamed)
            assert 400 <= answer.status_code < 600, f"{step}, {tier}"
            assert answer.json()["error"]["code"]
    agent.close()
    assert captured.raw() == b"" and captured.requests() == []


def test_the_fault_is_the_cause(start_gateway, mock, captured, canary):
    """Without a fault the same requests pass: the tests above would fail if they blocked for another reason."""
    upstreams = [upstream(name, mock.url(name)) for name in ("metered", "subscription", "local")]
    agent = Agent(start_gateway(upstreams, env={"SLUICE_FAULT": "none"}).url)
    for tier in ("low", "medium", "high"):
        assert agent.chat(getattr(canary, tier)()).status_code == 200
    agent.close()
    assert len(captured.requests()) == 3
