# SPDX-License-Identifier: MIT
# Clients of trtc-room serve for the tests.
#
#   roomclients.py slow PORT PATH MB PAUSE   publishes MB of transport stream to PATH while one reader pauses for PAUSE seconds and
#                                            another reads on: the latter has all, the former whole packets
#   roomclients.py crowd PORT PATH N SECONDS N readers of a stream at 1 Mbit/s: each gets all of it
#   roomclients.py posts PORT PATH FILE      FILE as numbered POSTs: some too early, some twice
#   roomclients.py hostile PID PORT FILE     clients that misbehave, and honest ones among them
#   roomclients.py hold PORT PATH FILE       publishes FILE, and then nothing for a minute
#   roomclients.py steady PORT PATH RATE SECONDS  publishes so many bytes a second
#
# Exit status 1, with what was wrong, on failure.
import http.client, os, socket, sys, threading, time

PACKET = 188


def fail(text):
    sys.exit(text)


def packets(first, n):
    """Transport packets that carry nothing, with their number in them."""
    return b''.join(b'\x47\x1f\xff\x10' + (first + i).to_bytes(8, 'big') + b'\xff' * 176 for i in range(n))


class Publisher:
    def __init__(self, port, path, head='Transfer-Encoding: chunked'):
        self.s = socket.create_connection(('127.0.0.1', port))
        self.s.sendall(('PUT %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n\r\n' % (path, head)).encode())

    def send(self, data):
        self.s.sendall(b'%x\r\n%s\r\n' % (len(data), data))

    def end(self):
        self.s.sendall(b'0\r\n\r\n')
        self.s.settimeout(10)
        r = self.s.recv(4096)
        self.s.close()
        return r


class Reader:
    """Reads a stream; the body stands in data."""
    def __init__(self, port, path, small=False):
        self.s = socket.socket()
        if small:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.s.connect(('127.0.0.1', port))
        self.s.sendall(('GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' % path).encode())
        self.raw = bytearray()

    def read(self, n=65536):
        b = self.s.recv(n)
        self.raw += b
        return len(b)

    def all(self):
        while self.read():
            pass
        return self

    def body(self):
        head, _, body = bytes(self.raw).partition(b'\r\n\r\n')
        if b' 200 ' not in head.split(b'\r\n')[0] + b' ':
            fail('no stream: %r' % head)
        return body


def numbers(body):
    if len(body) % PACKET:
        fail('%d bytes are no whole packets' % len(body))
    out = []
    for i in range(0, len(body), PACKET):
        if body[i:i + 4] != b'\x47\x1f\xff\x10':
            fail('a packet is not whole at %d' % i)
        out.append(int.from_bytes(body[i + 4:i + 12], 'big'))
    return out


def slow(port, path, mb, pause):
    total = mb * 1000000 // PACKET
    lazy = Reader(port, path + '?wait=10', small=True)
    quick = Reader(port, path + '?wait=10')
    time.sleep(0.2)
    p = Publisher(port, path)
    t = threading.Thread(target=quick.all)
    t.start()
    step = 3000
    for first in range(0, total, step):
        p.send(packets(first, min(step, total - first)))
        time.sleep(0.02)
    time.sleep(pause)
    u = threading.Thread(target=lazy.all)
    u.start()
    p.end()
    t.join(30)
    u.join(30)
    if numbers(quick.body()) != list(range(total)):
        fail('the quick reader has %d packets of %d' % (len(quick.body()) // PACKET, total))
    got = numbers(lazy.body())
    if got != sorted(set(got)):
        fail('packets come twice, or not in order')
    if len(got) == total:
        fail('the slow reader has lost nothing')
    print(total - len(got))


def crowd(port, path, n, seconds):
    rate = 125000
    total = rate * seconds // PACKET
    readers = [Reader(port, path + '?wait=20') for _ in range(n)]
    wrong = []

    def work(r):
        r.all()
        if len(r.body()) != total * PACKET:
            wrong.append(len(r.body()))

    threads = [threading.Thread(target=work, args=(r,)) for r in readers]
    for t in threads:
        t.start()
    time.sleep(0.3)
    p = Publisher(port, path)
    sent, begin = 0, time.monotonic()
    while sent < total:
        due = min(total, int((time.monotonic() - begin) * rate / PACKET) + 1)
        if due > sent:
            p.send(packets(sent, due - sent))
            sent = due
        time.sleep(0.02)
    p.end()
    for t in threads:
        t.join(30)
    if wrong:
        fail('%d readers of %d have not all: %s of %d bytes' % (len(wrong), n, wrong[:5], total * PACKET))


def steady(port, path, rate, seconds):
    p = Publisher(port, path)
    sent, begin = 0, time.monotonic()
    while time.monotonic() - begin < seconds:
        due = int((time.monotonic() - begin) * rate / PACKET)
        if due > sent:
            p.send(packets(sent, due - sent))
            sent = due
        time.sleep(0.04)
    p.end()


def hold(port, path, name):
    p = Publisher(port, path)
    p.send(open(name, 'rb').read())
    time.sleep(60)


def posts(port, path, name):
    data = open(name, 'rb').read()
    pieces = [data[i:i + 3000] for i in range(0, len(data), 3000)]
    order = list(range(len(pieces)))
    order[2], order[4] = order[4], order[2]
    order.insert(7, 1)
    order.insert(9, order[9])
    c = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
    for i in order:
        end = '&end=1' if i == len(pieces) - 1 else ''
        c.request('POST', '%s?session=s1&seq=%d%s' % (path, i, end), pieces[i])
        r = c.getresponse()
        text = r.read()
        if r.status != 200:
            fail('POST %d: %d %r' % (i, r.status, text))


def answer(port, data, timeout=15):
    """The status that bytes get; 0: the connection ends without one."""
    s = socket.create_connection(('127.0.0.1', port), timeout=timeout)
    try:
        s.sendall(data)
        got = s.recv(65536)
    except (ConnectionError, socket.timeout):
        got = b''
    s.close()
    return int(got.split(b' ')[1]) if got.startswith(b'HTTP/1.1 ') else 0


def memory(pid):
    for line in open('/proc/%d/status' % pid):
        if line.startswith('VmHWM'):
            return int(line.split()[1]) // 1024


def hostile(pid, port, name):
    data = open(name, 'rb').read()
    put = b'PUT /3560/eve HTTP/1.1\r\nHost: 127.0.0.1\r\n'
    for what, raw, statuses in [
        ('two lengths', put + b'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc', (400,)),
        ('length and chunks', put + b'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', (400,)),
        ('no host', b'PUT /3560/eve HTTP/1.1\r\nContent-Length: 0\r\n\r\n', (400,)),
        ('a huge header', put + b'X: ' + b'x' * 40000 + b'\r\n\r\n', (0, 400, 413, 431)),
        ('bad chunks', put + b'Transfer-Encoding: chunked\r\n\r\nzz\r\n', (0, 400)),
        ('no TS', put + b'Content-Length: 1000\r\n\r\n' + b'x' * 1000, (415,)),
        ('nothing', put + b'Content-Length: 0\r\n\r\n', (415,)),
        ('a part of a body', put + b'Content-Range: bytes 5-9/*\r\nContent-Length: 5\r\n\r\nabcde', (400,)),
        ('no user', b'PUT /3560 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n', (400,)),
        ('a slash in a name', b'PUT /3560/a%2Fb HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n', (400,)),
        ('a NUL in a name', b'PUT /3560/a%00b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n', (400,)),
        ('a line break in a name', b'GET /3560/a%0Ab HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', (400,)),
        ('another method', b'PATCH /3560/eve HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', (405,)),
        ('a POST that is too large', b'POST /3560/eve?session=s&seq=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999\r\n\r\n',
         (413,)),
        ('a POST without a number', b'POST /3560/eve?session=s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n', (400,)),
        ('a number that is none',
         b'POST /3560/eve?session=s&seq=-1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n', (400,)),
        ('a number far ahead',
         b'POST /3560/eve?session=s&seq=100000 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx', (409,)),
        ('neither sound nor picture',
         b'PUT /3560/eve?audio=0&video=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n', (400,)),
        ('a page of another origin',
         b'POST /3560/eve?session=s&seq=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n', (403,)),
        ('a name that was bound to our address', b'GET /events HTTP/1.1\r\nHost: evil.example:80\r\n\r\n', (403,)),
        ('a reader of nothing', b'GET /3560/nobody HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', (404,)),
        ('a wait that is none', b'GET /3560/nobody?wait=x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', (400,)),
    ]:
        status = answer(port, raw)
        if status not in statuses:
            fail('%s: %d' % (what, status))
    idle = [socket.create_connection(('127.0.0.1', port)) for _ in range(300)] # more than there may be
    for s in idle[:100]:
        s.sendall(b'PUT /3560/eve HTTP/1.1\r\nHo')
    half = [Publisher(port, '/3560/h%d' % i) for i in range(20)] # publishers that send less than says what it is
    for p in half:
        p.s.sendall(b'5\r\nG')
    honest(port, data, 'a')
    for s in idle:
        s.close()
    for p in half:
        p.s.close()
    broken = [Publisher(port, '/3560/b%d' % i) for i in range(20)]
    for p in broken:
        p.send(data)
    for p in broken:
        p.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        p.s.close()
    gone = [Reader(port, '/3560/b%d' % i) for i in range(20)]
    for r in gone:
        r.s.close()
    honest(port, data, 'b')
    if memory(pid) > 64 and 'TRTC_SAN' not in os.environ:
        fail('%d MB' % memory(pid))


def honest(port, data, user):
    path = '/3560/honest-' + user
    r = Reader(port, path + '?wait=10')
    p = Publisher(port, path)
    for i in range(0, len(data), 5000):
        p.send(data[i:i + 5000])
    if b' 200 ' not in p.end():
        fail('an honest publisher is refused')
    if r.all().body() != data:
        fail('an honest reader has not all')


what, args = sys.argv[1], sys.argv[2:]
if what == 'slow':
    slow(int(args[0]), args[1], int(args[2]), float(args[3]))
elif what == 'crowd':
    crowd(int(args[0]), args[1], int(args[2]), int(args[3]))
elif what == 'steady':
    steady(int(args[0]), args[1], int(args[2]), float(args[3]))
elif what == 'hold':
    hold(int(args[0]), args[1], args[2])
elif what == 'posts':
    posts(int(args[0]), args[1], args[2])
elif what == 'hostile':
    hostile(int(args[0]), int(args[1]), args[2])
else:
    fail('no such client: ' + what)
