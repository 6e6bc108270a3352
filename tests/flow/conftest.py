"""Fixtures: real binaries of one build folder, a mock upstream of each class, a gateway before them.

SLUICE_BUILD        the build folder (default: build-asan)
SLUICE_FLOW_SEED    repeats a run's random values
SLUICE_FLOW_DIRECT  =1: client packages talk to the mock itself; tests that need the gateway are skipped
"""

import os
import pathlib
import random
import secrets

import openai
import pytest

from agent import Agent
from canary import Canary
from captured import Captured
from certificates import Certificates
from formats import upstreams
from gateway import Gateway, Place, upstream
from mock import CLASSES, Mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", ROOT / "build-asan")).resolve()
SEED = os.environ.get("SLUICE_FLOW_SEED") or secrets.token_hex(4)
DIRECT = os.environ.get("SLUICE_FLOW_DIRECT") == "1"

# A silent upstream is given up soon, so that tests of it are short; a body over 4 MiB is too large.
SETTINGS = {"timeouts": {"upstream_first_byte_ms": 4000, "upstream_idle_ms": 2500}, "limits": {"body_bytes": 4 << 20}}


def pytest_report_header(config):
    return f"sluice: {BUILD}, SLUICE_FLOW_SEED={SEED}{', direct' if DIRECT else ''}"


def binary(name):
    path = BUILD / name
    assert path.exists(), f"{path} is not built"
    return path


def need_gateway():
    if DIRECT:
        pytest.skip("needs the gateway")


@pytest.fixture(scope="session")
def sluice():
    need_gateway()
    return binary("sluice")


@pytest.fixture(scope="session")
def mock(tmp_path_factory):
    """One listener a class; the gateway prefers the least trusted that a tier allows."""
    started = Mock(binary("sluice-mock"), tmp_path_factory.mktemp("mock"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def gateway(sluice, mock, tmp_path_factory):
    upstreams = [upstream(name, mock.url(name)) for name in CLASSES]
    started = Gateway(sluice, tmp_path_factory.mktemp("gateway"), upstreams, **SETTINGS)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def base_url(request, mock):
    return mock.url("subscription") if DIRECT else request.getfixturevalue("gateway").url + "/v1"


@pytest.fixture(scope="session")
def all_formats(request, mock, tmp_path_factory):
    """A gateway that speaks every format: where agents find it, and where it writes; in direct mode the mock."""
    if DIRECT:
        yield Place(mock.root("subscription"), mock.ports["subscription"], None)
        return
    started = Gateway(request.getfixturevalue("sluice"), tmp_path_factory.mktemp("formats"), upstreams(mock), **SETTINGS)
    yield Place(started.url, started.port, started)
    started.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture
def captured(mock):
    """What the session's mock receives during this test; its scenario starts empty."""
    mock.script()
    return Captured(mock.capture)


@pytest.fixture
def canary(request):
    seed = f"{SEED}/{request.node.nodeid}"
    print(f"seed: {seed}")
    return Canary(random.Random(seed))


@pytest.fixture
def client(base_url):
    with openai.OpenAI(base_url=base_url, api_key="agent-key", max_retries=0, timeout=30) as made:
        yield made


@pytest.fixture
def agent(gateway):
    made = Agent(gateway.url)
    yield made
    made.close()


@pytest.fixture
def start_mock(tmp_path):
    """Starts a mock of the test's own: start_mock(names=...)."""
    started = []

    def start(**more):
        started.append(Mock(binary("sluice-mock"), tmp_path, name=f"mock{len(started)}", **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def start_gateway(sluice, tmp_path):
    """Starts a gateway of the test's own: start_gateway([upstream(..)], env=.., **settings)."""
    started = []

    def start(upstreams, **more):
        started.append(Gateway(sluice, tmp_path, upstreams, name=f"gateway{len(started)}", **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()
