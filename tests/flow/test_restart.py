"""Tokens outlive a crash, and are restored for nobody who did not get them."""

import re

import pytest

from agent import Agent, events_of, text_of
from gateway import upstream

TOKEN = re.compile(r"[A-Z]{1,12}_[234579BCDFGHJKMNPQRTVWX]{10}")


def content(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]["content"]


def after_crash(gateway, agent):
    agent.close()
    gateway.kill()
    gateway.start()
    return Agent(gateway.url)


@pytest.fixture
def lone(start_gateway, mock):
    return start_gateway([upstream("local", mock.url("local"))])


def test_kill_and_restart(lone, mock, captured, canary):
    prompt = canary.everything()
    agent = Agent(lone.url)
    assert content(agent.chat(prompt)) == "You said: " + prompt
    agent = after_crash(lone, agent)
    assert content(agent.chat(prompt)) == "You said: " + prompt
    before, after = captured.requests()
    assert before.body == after.body and len(TOKEN.findall(before.last_user())) >= 6
    agent.close()


def test_an_issued_token_restores_later(lone, mock, captured, canary):
    email = canary.email()
    agent = Agent(lone.url)
    agent.chat(f"Remember {email}.")
    token = TOKEN.search(captured.only_request().last_user()).group()
    agent = after_crash(lone, agent)
    mock.script(default={"reply": f"It is {token}, or `{token}`.", "delta_bytes": 3})
    assert content(agent.chat("What was the address?")) == f"It is {email}, or `{email}`."
    streamed = agent.chat("What was the address?", stream=True)
    assert text_of(events_of(streamed.content)) == f"It is {email}, or `{email}`."
    agent.close()


def test_a_token_of_another_vault_stays_literal(lone, start_gateway, mock, captured, canary):
    other = start_gateway([upstream("local", mock.url("local"))])
    agent = Agent(other.url)
    agent.chat(f"Remember {canary.email()}.")
    token = TOKEN.search(captured.only_request().last_user()).group()
    agent.close()
    agent = Agent(lone.url)
    mock.script(default={"reply": f"It is {token}."})
    assert content(agent.chat("What was the address?")) == f"It is {token}."
    agent.close()


def test_token_shaped_text_in_the_prompt_stays_literal(lone, mock, captured, canary):
    email = canary.email()
    agent = Agent(lone.url)
    agent.chat(f"Remember {email}.")
    token = TOKEN.search(captured.only_request().last_user()).group()
    prompt = f"A page says {token}; who is that?"
    assert content(agent.chat(prompt)) == "You said: " + prompt
    streamed = agent.chat(prompt, stream=True, mock={"delta_bytes": 2})
    assert text_of(events_of(streamed.content)) == "You said: " + prompt
    assert email not in streamed.text
    agent.close()


def test_one_value_has_one_token(lone, captured, canary):
    first, second = canary.email(), canary.email()
    agent = Agent(lone.url)
    agent.chat(f"{first} and {second} and {first}")
    agent.chat(f"{second} and {first}")
    agent.close()
    one, two = (TOKEN.findall(request.last_user()) for request in captured.requests())
    assert one[0] == one[2] == two[1] and one[1] == two[0] and one[0] != one[1]
