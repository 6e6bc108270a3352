"""sluice-mock, one listener an upstream, with its captures and its scenario."""

import json
import os
import pathlib

from captured import Captured
from process import Process, wait_until

CLASSES = ("metered", "subscription", "local")


class Mock:
    def __init__(self, binary, folder, names=CLASSES, name="mock"):
        self.folder = pathlib.Path(folder, name)
        self.capture = self.folder / "capture"
        self.capture.mkdir(parents=True)
        self.script(default={})
        ports = self.folder / "ports"
        arguments = [binary, "--port-file", ports, "--capture", self.capture, "--scenario", self.folder / "scenario.json"]
        for listener in names:
            arguments += ["--listen", "127.0.0.1:0", "--name", listener]
        self.process = Process(arguments, self.folder, name)
        try:
            wait_until(lambda: self.process.require_alive() and ports.exists())
        except BaseException:
            self.process.kill()
            raise
        self.ports = dict(zip(names, map(int, ports.read_text().split())))

    def root(self, listener):
        return f"http://127.0.0.1:{self.ports[listener]}"

    def url(self, listener):
        return self.root(listener) + "/v1"

    def script(self, default=None, rules=()):
        """What it does from now on; the requests' own "mock" objects are laid over it."""
        fresh = self.folder / "scenario.fresh"
        fresh.write_text(json.dumps({"default": default or {}, "rules": [{"when": w, "then": t} for w, t in rules]}))
        os.replace(fresh, self.folder / "scenario.json")

    def captured(self):
        return Captured(self.capture)

    def stop(self):
        self.process.stop()
