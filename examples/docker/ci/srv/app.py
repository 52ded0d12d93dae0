"""Notes over HTTP, kept in PostgreSQL: POST / adds one, GET / lists all as JSON."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg

database = psycopg.connect(autocommit=True)  # where: libpq's own PG… variables


class Notes(BaseHTTPRequestHandler):
    def do_POST(self):
        words = self.rfile.read(int(self.headers["Content-Length"])).decode()
        database.execute("INSERT INTO notes (words) VALUES (%s)", (words,))
        self.answer({"added": words})

    def do_GET(self):
        self.answer([words for (words,) in database.execute("SELECT words FROM notes ORDER BY id")])

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", 8000), Notes).serve_forever()
