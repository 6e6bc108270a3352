"""A relay that counts what an agent really sends: connections and requests, also those that a package repeats."""

import socket
import threading

VERSION = b" HTTP/1.1\r\n"  # ends a request line, and stands in no body of these tests


class Relay:
    def __init__(self, port):
        self.target = port
        self.connections = self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.root = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                agent, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            target = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, counted in ((agent, target, True), (target, agent, False)):
                threading.Thread(target=self.copy, args=(source, sink, counted), daemon=True).start()

    def copy(self, source, sink, counted):
        tail = b""
        try:
            while data := source.recv(65536):
                if counted:
                    seen = tail + data
                    self.requests += seen.count(VERSION)
                    tail = seen[1 - len(VERSION):]
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, sink):
                end.close()

    def close(self):
        self.listener.close()
