"""Lists the notes, and takes new ones. The connection is told by PGHOST and its neighbours."""
import http.server
import json
import os

import psycopg2


def query(text, *values):
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else []


class Notes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        notes = [{"text": text, "author": author} for text, author in query("SELECT text, author FROM notes ORDER BY id")]
        self.answer(200, {"greeting": os.environ["GREETING"], "notes": notes})

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        query("INSERT INTO notes (text) VALUES (%s)", text)
        self.answer(201, {"text": text})

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


try:
    print("listening", flush=True)
    http.server.ThreadingHTTPServer(("", 8000), Notes).serve_forever()
except KeyboardInterrupt:
    pass
