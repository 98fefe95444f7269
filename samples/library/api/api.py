"""Answers with the books."""
import http.server
import os


class Books(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(os.environ["BOOKS"], "rb") as file:
            books = file.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(books)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 8000), Books).serve_forever()
