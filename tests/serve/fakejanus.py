# SPDX-License-Identifier: MIT
# A stand-in for Janus's HTTP API and its videoroom, with one room, 3560, or that of $JANUS_ROOM (JSON).
#
#   fakejanus.py SECRET      prints the ports "HTTP AUDIO VIDEO"; who publishes stands in ./guests (a line of JSON each: id, display,
#                            codecs). RTP that comes to AUDIO and VIDEO is what each of them sends, and forwarded as it was asked
#                            for; ./flows is there once pictures come. They are 300 ms late most of the time, as behind key
#                            frames on a slow line.
import http.server, json, os, queue, socket, sys, threading, time

secret = sys.argv[1]
room = json.loads(os.environ.get('JANUS_ROOM', '3560'))
events = queue.Queue()
forwards = {}
numbers = iter(range(1000, 10**6))
lock = threading.Lock()


def guests():
    try:
        with open('guests') as f:
            return [json.loads(line) for line in f]
    except FileNotFoundError:
        return []


def streams(g):
    return [{'type': 'video' if c in ('h264', 'vp8') else 'audio', 'mindex': i, 'mid': str(i), 'codec': c}
            for i, c in enumerate(g['codecs'])]


def error(code, text):
    return {'videoroom': 'event', 'error_code': code, 'error': text}


def forward(b):
    g, out = next((g for g in guests() if g['id'] == b['publisher_id']), None), []
    if b.get('secret') != secret:
        return error(433, 'Unauthorized (wrong secret)')
    if not g:
        return error(428, 'No such feed')
    for s in b['streams']:
        n = next(numbers)
        with lock:
            forwards[n] = (streams(g)[int(s['mid'])]['type'], s['port'], s['pt'])
        out.append({'stream_id': n, 'type': forwards[n][0], 'host': b['host'], 'port': s['port'], 'pt': s['pt']})
    return {'videoroom': 'rtp_forward', 'room': room, 'publisher_id': g['id'], 'forwarders': out}


def videoroom(b):
    here, request = guests(), b['request']
    if request == 'list':
        return {'videoroom': 'success', 'list': [{'room': room, 'num_participants': len(here)},
                                                 {'room': 1, 'num_participants': 0}]}
    if request == 'listparticipants':
        all = [{'id': 5, 'display': 'looks on', 'publisher': False}]
        all += [{'id': g['id'], 'display': g['display'], 'publisher': True, 'talking': False} for g in here]
        return {'videoroom': 'participants', 'room': b['room'], 'participants': all}
    if request == 'join':
        publishers = [{'id': g['id'], 'display': g['display'], 'streams': streams(g)} for g in here]
        events.put({'janus': 'keepalive'})
        events.put({'janus': 'event', 'plugindata': {'plugin': 'janus.plugin.videoroom', 'data': {
            'videoroom': 'joined', 'room': room, 'id': 77, 'publishers': publishers, 'attendees': []}}})
        return None
    if request == 'rtp_forward':
        return forward(b)
    if request == 'stop_rtp_forward':
        with lock:
            forwards.pop(b['stream_id'], None)
        return {'videoroom': 'stop_rtp_forward', 'room': room}
    return error(423, 'Unknown request')


class Janus(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, o):
        body = json.dumps(o).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        try:
            self.answer(events.get(timeout=30))
        except queue.Empty:
            self.answer({'janus': 'keepalive'})

    def do_POST(self):
        q = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        if q['janus'] in ('create', 'attach'):
            self.answer({'janus': 'success', 'transaction': q['transaction'], 'data': {'id': next(numbers) * 10**12 + 1}})
        elif q['janus'] != 'message':
            self.answer({'janus': 'success'})
        elif (data := videoroom(q['body'])) is None:
            self.answer({'janus': 'ack'})
        else:
            self.answer({'janus': 'success', 'plugindata': {'plugin': 'janus.plugin.videoroom', 'data': data}})


def pump(kind, s):
    """Sends on what comes, pictures later."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    while True:
        packet = bytearray(s.recv(2048))
        if kind == 'video':
            open('flows', 'w').close()
        late = min(0.3, 1 - time.monotonic() % 1.2) if kind == 'video' else 0
        if late > 0:
            threading.Timer(late, send, (out, kind, packet)).start()
        else:
            send(out, kind, packet)


def send(out, kind, packet):
    with lock:
        to = [f for f in forwards.values() if f[0] == kind]
    for _, port, pt in to:
        packet[1] = packet[1] & 0x80 | pt
        out.sendto(packet, ('127.0.0.1', port))


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Janus)
ports = [server.server_port]
for kind in ('audio', 'video'):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', 0))
    ports.append(s.getsockname()[1])
    threading.Thread(target=pump, args=(kind, s), daemon=True).start()
print(*ports, flush=True)
server.serve_forever()
