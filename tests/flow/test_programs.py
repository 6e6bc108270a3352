"""Programs that people really use, pointed at the gateway by their own settings; the mock is behind it, no account.

They are many and large, so they run on demand: SLUICE_PROGRAMS=1. Their packages are those of programs/requirements.txt
and programs/package.json, installed into the build folder, and not among those of the other tests.
"""

import filecmp
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from captured import assert_unseen
from conftest import BUILD, DIRECT, SETTINGS
from formats import upstreams
from gateway import Gateway, upstream

__test__ = os.environ.get("SLUICE_PROGRAMS") == "1" and not DIRECT

HERE = pathlib.Path(__file__).parent / "programs"
PYTHON, NODE = BUILD / "programs" / "python", BUILD / "programs" / "node"
SECONDS = 120

pytestmark = pytest.mark.timeout(SECONDS)


def installed(wanted, folder, install):
    """Runs install() unless the folder has what the list `wanted` says."""
    mark = folder / wanted.name
    if not mark.exists() or not filecmp.cmp(wanted, mark, shallow=False):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install()
        shutil.copy(wanted, mark)
    return folder


@pytest.fixture(scope="session")
def python_packages():
    wanted = HERE / "requirements.txt"

    def install():
        subprocess.run([sys.executable, "-m", "venv", PYTHON], check=True)
        subprocess.run([PYTHON / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r", wanted], check=True)

    return installed(wanted, PYTHON, install)


@pytest.fixture(scope="session")
def node_packages():
    if shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    wanted = HERE / "package.json"

    def install():
        shutil.copy(wanted, NODE)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=NODE, check=True)

    return installed(wanted, NODE, install)


FAMILIES = {"openai": "/v1", "anthropic": "/v1", "ollama": ""}


@pytest.fixture(scope="module")
def gateways(sluice, mock, tmp_path_factory):
    """By what is behind it: every format, or one family alone."""
    started = {}

    def get(behind):
        if behind not in started:
            ups = upstreams(mock) if behind == "native" else [
                upstream("local", mock.root("local") + FAMILIES[behind], api=behind)]
            started[behind] = Gateway(sluice, tmp_path_factory.mktemp(f"programs-{behind}"), ups, **SETTINGS)
        return started[behind]

    yield get
    for one in started.values():
        one.stop()


def run(command, told, **env):
    """What a program wrote to standard output. Its home is not the tester's, and it reaches nothing but loopback."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run([str(part) for part in command], input=told, capture_output=True, text=True, timeout=SECONDS, env={**clean, **env})
    assert done.returncode == 0, f"exit {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


# A program: the script that drives it, the format that it speaks.
PROGRAMS = {
    "langchain-openai": ("drive_langchain.py", "openai"),
    "langchain-responses": ("drive_langchain.py", "responses"),
    "langchain-anthropic": ("drive_langchain.py", "anthropic"),
    "litellm-openai": ("drive_litellm.py", "openai"),
    "litellm-anthropic": ("drive_litellm.py", "anthropic"),
    "litellm-ollama": ("drive_litellm.py", "ollama"),
    "llamaindex-openai": ("drive_llamaindex.py", "openai"),
    "ai-sdk-openai": ("drive_ai_sdk.mjs", "openai"),
    "ai-sdk-responses": ("drive_ai_sdk.mjs", "responses"),
    "ai-sdk-anthropic": ("drive_ai_sdk.mjs", "anthropic"),
}
STORY = [
    ({"contains": "RESULT-ONE"}, {"reply": "Done – {{token 1}} and {{token 2}}.", "delta_bytes": 5}),
    ({"contains": "find_person"}, {"tool_calls": [{"name": "find_person", "arguments": {"to": "{{last_user}}"}}], "delta_bytes": 5}),
]


# Before every format, of which its own is taken, and before each of the others alone.
CASES = [(program, behind) for program, (_, kind) in PROGRAMS.items() for behind in ("native", *FAMILIES)
         if behind != {"responses": "openai"}.get(kind, kind)]


@pytest.mark.parametrize("how", ("json", "stream"))
@pytest.mark.parametrize("program,behind", CASES)
def test_a_tool_loop(request, gateways, mock, captured, canary, program, behind, how):
    """One call of a tool and its result; the program sees values, the upstream tokens."""
    script, kind = PROGRAMS[program]
    place = gateways(behind)
    mock.script(rules=STORY)
    prompt = f'Zoë: "{canary.email()}" – who is it?'
    told = json.dumps({"prompt": prompt, "result": f"RESULT-ONE: {canary.phone()}"})
    if script.endswith(".mjs"):
        packages = request.getfixturevalue("node_packages")
        out = run(["node", HERE / script, place.url, kind, how], told, SLUICE_NODE=str(packages))
    else:
        packages = request.getfixturevalue("python_packages")
        out = run([packages / "bin/python", "-B", HERE / script, place.url, kind, how], told)
    said = json.loads(out)
    assert said["calls"] == [["find_person", {"to": prompt}]]
    email, phone = canary.values
    assert said["text"] in (f"Done – {email} and {phone}.", f"Done – {phone} and {email}.")
    assert len(captured.requests()) == 2
    assert_unseen(canary.values, captured.raw())


CODEX = """model = "mock"
model_provider = "sluice"
[model_providers.sluice]
name = "sluice"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "SLUICE_AGENT_KEY"
request_max_retries = 0
stream_max_retries = 0
"""


def test_codex(gateways, node_packages, mock, captured, canary, tmp_path):
    """`codex exec` with a provider of its own: a turn, and what it says on standard output."""
    place = gateways("native")
    mock.script({"reply": "Noted: {{last_token}}.", "delta_bytes": 5})
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    (home / "config.toml").write_text(CODEX.format(url=place.url))
    email = canary.email()
    out = run([node_packages / "node_modules/.bin/codex", "exec", "--skip-git-repo-check", "--sandbox", "read-only", "-C", work,
               f"Remember {email}"], "", CODEX_HOME=str(home), HOME=str(home), SLUICE_AGENT_KEY="k")
    assert f"Noted: {email}." in out
    assert captured.requests() and {request.path for request in captured.requests()} <= {"/v1/responses", "/v1/models"}
    assert_unseen(canary.values, captured.raw())
