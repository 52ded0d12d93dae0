"""A reverse proxy: takes requests from anywhere and asks a server that listens on localhost only.

    python3 proxy.py --to PORT [--port PORT]

502 when nobody answers there. It must never pass a client's own word of who it is for: X-Forwarded-For is what it saw.
"""

import argparse
import http.client

from serving import Handler, serve

OF_ONE_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


class Proxy(Handler):
    to = 0

    def pass_on(self) -> None:
        asked = http.client.HTTPConnection("127.0.0.1", self.to, timeout=60)
        try:
            asked.request(self.command, self.path, self.pieces(), self._headers())
            reply = asked.getresponse()
            status, body, kind = reply.status, reply.read(), reply.getheader("Content-Type", "text/plain")
        except (OSError, http.client.HTTPException) as problem:
            status, body, kind = 502, f"no answer: {problem}\n".encode(), "text/plain"
        finally:
            asked.close()
        self.answer(status, body, kind)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = pass_on

    def _headers(self) -> dict[str, str]:
        kept = {name: text for name, text in self.headers.items() if name.lower() not in OF_ONE_HOP}
        return {**kept, "X-Forwarded-For": self.client_address[0], "Via": "1.0 proxy"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    Proxy.to = options.to
    serve(Proxy, options.port)
