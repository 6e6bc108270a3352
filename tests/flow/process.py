"""Starts a program of ours, waits for it within bounds, and stops exactly that one again."""

import os
import pathlib
import signal
import socket
import subprocess
import time

STOP_SECONDS = 20


def wait_until(fact, seconds=15, every=0.02):
    """The first true value of fact(); fails when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = fact()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {fact}"
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A child whose output lies in files, and whose end is checked: a sanitizer's report is a failure."""

    def __init__(self, arguments, folder, name, env=None):
        self.out = pathlib.Path(folder, f"{name}.out")
        self.err = pathlib.Path(folder, f"{name}.err")
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.child = subprocess.Popen([str(a) for a in arguments], stdout=out, stderr=err, cwd=folder,
                                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def alive(self):
        return self.child.poll() is None

    def output(self):
        return self.out.read_bytes() + self.err.read_bytes()

    def require_alive(self):
        assert self.alive(), f"{self.child.args[0]} ended with {self.child.returncode}:\n{self.tail()}"
        return True

    def tail(self):
        return self.output()[-4000:].decode(errors="replace")

    def stop(self):
        """SIGTERM, and a clean end."""
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
        try:
            code = self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.child.args[0]} did not stop within {STOP_SECONDS} s") from None
        report = self.tail()
        assert code == 0 and "Sanitizer" not in report and "runtime error" not in report, f"exit {code}:\n{report}"

    def kill(self):
        """SIGKILL: no chance to tidy up."""
        if self.alive():
            self.child.kill()
        self.child.wait(STOP_SECONDS)
