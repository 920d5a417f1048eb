#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# A server of one picture, for any path. The answer to a path with "slow" comes after a second, to one with "never" after a
# minute.   slowpictures.py FILE
import http.server, sys, time

picture = open(sys.argv[1], 'rb').read()


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(60 if 'never' in self.path else 1 if 'slow' in self.path else 0)
        self.send_response(200)
        self.send_header('Content-Length', str(len(picture)))
        self.end_headers()
        self.wfile.write(picture)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
