"""A TLS terminator in front of the mock; keeps the plain bytes that came through."""

import socket
import ssl
import threading


class Terminator:
    def __init__(self, certificate, key, backend_port):
        self.plain = bytearray()
        self.handshakes = 0
        self.backend_port = backend_port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listeners = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.listeners[0].getsockname()[1]
        try:  # `localhost` may mean either
            self.listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        except OSError:
            pass
        for listener in self.listeners:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.settimeout(20)
        try:
            with self.context.wrap_socket(connection, server_side=True) as agent:
                self.handshakes += 1
                with socket.create_connection(("127.0.0.1", self.backend_port), timeout=20) as backend:
                    back = threading.Thread(target=self.copy, args=(backend, agent), daemon=True)
                    back.start()
                    self.copy(agent, backend, self.plain)
                    back.join(1)
        except OSError:
            pass

    @staticmethod
    def copy(source, sink, keep=None):
        try:
            while data := source.recv(65536):
                if keep is not None:
                    keep.extend(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        for listener in self.listeners:
            listener.close()
