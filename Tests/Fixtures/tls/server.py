"""HTTPS on loopback: a server for each of the certificates that are given as arguments, whose ports are printed.

Every request is answered with the port of the client, which is another one for each connection. Ends when it is killed.
"""

import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = str(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *words: object) -> None:
        """A client that ends a handshake is not an error."""


def serve(certificate: str) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(("127.0.0.1", 0), Answer)
    # The handshake happens in the thread of the connection, which a client that says nothing would hold up otherwise.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


print(*[serve(certificate) for certificate in sys.argv[1:]], flush=True)
threading.Event().wait()
