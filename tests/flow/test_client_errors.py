"""Each refusal, as each client package raises it: the right exception, once, after one request on one connection."""

import dataclasses

import anthropic
import ollama
import openai
import pytest
from google.genai import errors as gemini_errors

from captured import assert_unseen
from conftest import DIRECT, SETTINGS
from formats import DRIVERS, KEY, upstreams
from gateway import Gateway
from relay import Relay


@dataclasses.dataclass
class Refusal:
    status: int
    code: str
    openai: type
    anthropic: type
    prompt: object = lambda canary: "hello"
    root: str = ""  # behind the gateway's
    key: str = KEY
    headers: dict = None

    def raised(self, api):
        gemini = gemini_errors.ServerError if self.status >= 500 else gemini_errors.ClientError
        return {"openai": self.openai, "anthropic": self.anthropic, "ollama": ollama.ResponseError, "gemini": gemini}[api]


REFUSALS = {
    "blocked": Refusal(403, "sluice_blocked", openai.PermissionDeniedError, anthropic.PermissionDeniedError, lambda canary: canary.blocked()),
    "invalid": Refusal(400, "sluice_invalid_body", openai.BadRequestError, anthropic.BadRequestError, lambda canary: "a\0b"),
    "unknown-key": Refusal(401, "sluice_unknown_agent", openai.AuthenticationError, anthropic.AuthenticationError, key="another-key-than-those"),
    "unknown-path": Refusal(404, "sluice_unknown_route", openai.NotFoundError, anthropic.NotFoundError, root="/nowhere"),
    "too-large": Refusal(413, "sluice_too_large", openai.APIStatusError, anthropic.ContentTooLargeError, lambda canary: "word " * 1_000_000),
    "coded": Refusal(415, "sluice_coded_body", openai.APIStatusError, anthropic.APIStatusError, headers={"content-encoding": "x-mine"}),
    "no-upstream": Refusal(503, "sluice_no_upstream", openai.InternalServerError, anthropic.ServiceUnavailableError, lambda canary: canary.high()),
}


@pytest.fixture(scope="module")
def relay(request, mock, tmp_path_factory):
    """Before a gateway that knows one agent and has no local upstream, or before the mock."""
    if DIRECT:
        made = Relay(mock.ports["subscription"])
        yield made
        made.close()
        return
    gateway = Gateway(request.getfixturevalue("sluice"), tmp_path_factory.mktemp("errors"), upstreams(mock, ("metered", "subscription")),
                      agents=[{"name": "tests", "key": KEY}], **SETTINGS)
    made = Relay(gateway.port)
    yield made
    made.close()
    gateway.stop()


def driver_of(name, root, refusal):
    """A client as its package makes it: with its own number of retries."""
    more = {"openai": {"max_retries": 2, "default_headers": refusal.headers}, "anthropic": {"max_retries": 2, "default_headers": refusal.headers},
            "ollama": {}, "gemini": {}}[DRIVERS[name].api]
    driver = DRIVERS[name](root + refusal.root, refusal.key, **more)
    if refusal.headers and DRIVERS[name].api == "ollama":
        driver.client._client.headers.update(refusal.headers)
    if refusal.headers and DRIVERS[name].api == "gemini":
        driver.client._api_client._http_options.headers.update(refusal.headers)
    return driver


def status_of(error):
    return error.code if isinstance(error, gemini_errors.APIError) else error.status_code


@pytest.mark.parametrize("kind", REFUSALS)
@pytest.mark.parametrize("streamed", (False, True))
@pytest.mark.parametrize("name", DRIVERS)
def test_a_refusal_is_raised_once(relay, mock, captured, canary, name, streamed, kind):
    refusal = REFUSALS[kind]
    if DIRECT:
        told = {"status": refusal.status, "error": {"message": "refused", "code": refusal.code}, "headers": {"x-should-retry": "false"}}
        mock.script(told)
    driver = driver_of(name, relay.root, refusal)
    connections, requests, values = relay.connections, relay.requests, canary.values
    with pytest.raises(refusal.raised(driver.api)) as raised:
        driver.ask(refusal.prompt(canary), stream=streamed)
    driver.close()
    error = raised.value
    assert type(error) is refusal.raised(driver.api) and status_of(error) == refusal.status
    assert relay.requests - requests == 1 and relay.connections - connections == 1, "the package asked again"
    text = str(error) + str(getattr(error, "body", ""))
    assert_unseen(values, text.encode(), "the exception")
    if not DIRECT:
        assert captured.raw() == b""
        if driver.api == "openai" and kind != "unknown-path":
            assert error.code == refusal.code and error.body["message"]


@pytest.mark.parametrize("streamed", (False, True))
@pytest.mark.parametrize("name", DRIVERS)
def test_each_package_is_known_by_its_key(relay, mock, captured, canary, name, streamed):
    """The same agent, however its package sends the key: x-api-key, x-goog-api-key or a bearer token."""
    driver = DRIVERS[name](relay.root)
    prompt = canary.medium()
    assert driver.ask(prompt, stream=streamed).texts[0] == "You said: " + prompt
    driver.close()
    if not DIRECT:
        assert KEY.encode() not in captured.raw() and len(captured.requests("subscription")) == 1
        assert_unseen(canary.values, captured.raw())
