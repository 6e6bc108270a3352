"""`sluice serve` with a configuration of the test's, on ports of its own."""

import collections
import json
import pathlib

import httpx

from process import Process, free_port, wait_until

START_SECONDS = 30

# Where agents of a test go: the gateway, which is None when they talk to the mock itself.
Place = collections.namedtuple("Place", "root port gateway")


def upstream(name, url, class_=None, **more):
    return {"name": name, "class": class_ or name, "api": "openai", "url": url, "api_key": f"upstream-key-of-{name}", **more}


class Gateway:
    """The configuration is JSON, since that is YAML too. The data folder outlives a restart."""

    def __init__(self, binary, folder, upstreams, name="gateway", env=None, ready="/readyz", **settings):
        self.binary = binary
        self.folder = pathlib.Path(folder, name)
        self.folder.mkdir(parents=True)
        self.env, self.ready = env, ready
        self.settings = {"data_dir": str(self.folder / "data"), "policy": "balanced", "threads": 1, **settings}
        self.upstreams = upstreams
        self.process = None
        self.start()

    def start(self):
        port, admin = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.admin_url = f"http://127.0.0.1:{admin}"
        config = self.folder / "sluice.yaml"
        config.write_text(json.dumps({"listen": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{admin}",
                                      "upstreams": self.upstreams, **self.settings}, indent=1))
        self.process = Process([self.binary, "serve", "--config", config], self.folder, "gateway", self.env)
        try:
            wait_until(self.answers, START_SECONDS, every=0.05)
        except BaseException:
            self.kill()
            raise

    def answers(self):
        self.process.require_alive()
        try:
            return httpx.get(self.admin_url + self.ready, timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self):
        self.process.stop()

    def kill(self):
        self.process.kill()

    def written(self):
        """Every byte that it put into logs and files."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return b"".join(path.read_bytes() for path in files)
