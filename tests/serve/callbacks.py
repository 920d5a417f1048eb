#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# A receiver of callbacks that shares nothing with the project: it checks Sign, notes what comes in ./received ("TYPE BODY"),
# complains on stderr, and answers with one status, after so many seconds, with a body of that length.
#   callbacks.py KEY STATUS PORT [SECONDS [BYTES]]
import base64, hashlib, hmac, http.server, json, os, sys, time

key, status, port = sys.argv[1].encode(), int(sys.argv[2]), int(sys.argv[3])
late = float((sys.argv + ['0'])[4])
answer = b'{"code":0}'.ljust(int((sys.argv + ['0', '0'])[5]))


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        sign = base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()
        if self.headers['Sign'] != sign or self.headers['Content-Type'] != 'application/json':
            print('not signed:', self.headers, file=sys.stderr, flush=True)
        if self.headers['SdkAppId'] != '1400000001':
            print('another application', file=sys.stderr, flush=True)
        with open('received', 'a') as f:
            f.write(f"{json.loads(body)['EventType']} {body.decode()}\n")
        time.sleep(late)
        self.send_response(status)
        self.send_header('Content-Length', str(len(answer)))
        self.end_headers()
        try:
            self.wfile.write(answer)
        except OSError:
            self.close_connection = True  # the sender has read enough

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
