#!/usr/bin/env python3
"""A custom handler that misbehaves once, as its file `mode` says, and is well afterwards."""
import os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

root = os.environ["FUNCTIONS_APP_ROOT_PATH"]
mode = open(os.path.join(root, "mode")).read().strip()
marker = os.path.join(root, "marker")


def first_time():
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def read_chunked(self):
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size + 2)
        self.rfile.readline()

    def answer(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.read_chunked()
        if first_time():
            print("misbehaving", flush=True)
            if mode == "hang":
                time.sleep(600)
            if mode.startswith("exit"):
                os._exit(int(mode.split()[1]))
        self.answer()

    def log_message(self, *_):
        pass


if mode == "never start":
    sys.exit(3)
print("worker", os.environ["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"], os.environ["GIVEN"], flush=True)
print("a warning on stderr", file=sys.stderr, flush=True)
port = int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
