# SPDX-License-Identifier: MIT
# Clients of trtc-hook serve for the tests, with Python's own HMAC and sockets.
#
#   hookclients.py storm KILLS EVENTS HANDLED  kills a server over and over while events come in, then looks at its spool;
#                                              HANDLED 1: ./handler appends what it handled to ./log
#   hookclients.py hostile PID PORT IDLE       clients that misbehave, and an honest one
#   hookclients.py load PORT RATE SECONDS      so many events a second (0: as many as it takes); prints how many a second were
#                                              taken, the median and the 99th percentile of the wait in ms, and failures
#   hookclients.py again PORT TIMES            the same event over and over, each with another CallbackTs
#   hookclients.py slow PORT                   how long a request may take: its header, its body, nothing at all
#
# The key stands in ./key, the spool is ./S. Exit status 1, with what was wrong, on failure.
import base64, hashlib, hmac, http.client, json, os, random, re, signal, socket, struct, subprocess, sys, threading, time

KEY = open('key', 'rb').read().split()[-1]


def fail(text):
    sys.exit(text)


def sign(body):
    return base64.b64encode(hmac.new(KEY, body, hashlib.sha256).digest()).decode()


def event(n, pad=0, task='t'):
    ms = 1767225600000 + n
    return json.dumps({'EventGroupId': 3, 'EventType': 301 + n % 12, 'CallbackTs': ms + 42, 'EventInfo': {
        'RoomId': '3560', 'EventTs': ms // 1000, 'EventMsTs': ms, 'UserId': 'r', 'TaskId': '%s%d' % (task, n % 7),
        'Payload': {'n': n, 'pad': 'x' * pad}}}).encode()


def head(body, more=''):
    return ('POST /cb HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nSdkAppId: 1400000001\r\nSign: %s\r\n'
            '%sContent-Length: %d\r\n\r\n' % (sign(body), more, len(body))).encode()


class Sender:
    """A connection that is kept, as the service's may be."""
    def __init__(self, port):
        self.port, self.c = port, None

    def send(self, body, timeout=5):
        """The status, or None."""
        try:
            if not self.c:
                self.c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout)
            self.c.request('POST', '/cb', body, {'Content-Type': 'application/json', 'SdkAppId': '1400000001', 'Sign': sign(body)})
            r = self.c.getresponse()
            r.read()
            return r.status
        except (OSError, http.client.HTTPException):
            self.c = None
            return None


def free_port():
    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    return s.getsockname()[1]


# ---- storm ----

def storm(kills, events, handled):
    port = free_port()
    lock, numbers, taken = threading.Lock(), iter(range(events)), set()
    told, spent = open('told', 'wb'), threading.Event()

    def serve():
        return subprocess.Popen(['trtc-hook', 'serve', '--listen', '127.0.0.1:%d' % port, '--spool', 'S', '--key-file', 'key',
                                 '--settle', '0'] + (['--', './handler'] if handled else []),
                                stdin=subprocess.DEVNULL, stdout=told, stderr=told)

    def work():
        sender = Sender(port)
        while True:
            with lock:
                n = next(numbers, None)
            if n is None:
                spent.set()
                return
            body = event(n, n % 5000)
            for attempt in range(2000):
                if sender.send(body) == 200:
                    break
                time.sleep(0.005)
            else:
                fail('event %d is never taken' % n)
            with lock:
                taken.add(n)

    p = serve()
    threads = [threading.Thread(target=work, daemon=True) for _ in range(6)]
    for t in threads:
        t.start()
    for k in range(kills):
        with lock:
            had = len(taken)
        for i in range(2000): # it works again, and is in the middle of something
            with lock:
                if len(taken) > had or spent.is_set():
                    break
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.06))
        p.kill()
        p.wait()
        p = serve()
    with lock:
        before = len(taken)
        numbers = iter(())
    for t in threads:
        t.join(60)
    for i in range(6000 if handled else 0):
        if not os.listdir('S/new'):
            break
        time.sleep(0.01)
    p.send_signal(signal.SIGTERM)
    p.wait()
    if not before:
        fail('no event was taken before the last kill')
    found = []
    place = 'S/done/' if handled else 'S/new/'
    for name in os.listdir(place):
        body = open(place + name, 'rb').read()
        try:
            n = json.loads(body)['EventInfo']['Payload']['n']
        except ValueError:
            fail('half a file: ' + name)
        if body != event(n, n % 5000):
            fail('other bytes: ' + name)
        if not os.path.exists('S/head/' + name[:-5]):
            fail('nothing came with ' + name)
        found.append(n)
    if len(found) != len(set(found)):
        fail('events twice: %s' % sorted(n for n in set(found) if found.count(n) > 1))
    if taken - set(found):
        fail('events that got 200 are missing: %s' % sorted(taken - set(found)))
    if handled:
        log = open('log').read().split()
        if sorted(log) != sorted(os.listdir('S/done')):
            fail('handled otherwise than once: %s' % sorted(set(n for n in log if log.count(n) > 1) or set(os.listdir('S/done')) - set(log)))
    print('%d kills, %d events taken, %d of them before the last kill, %d in the spool' % (kills, len(taken), before, len(found)))


# ---- hostile ----

def answer(port, data, wait=8):
    """What comes back until the connection is closed; None where it stays open."""
    s = socket.create_connection(('127.0.0.1', port), timeout=wait)
    got = b''
    try:
        s.sendall(data)
        while True:
            piece = s.recv(65536)
            if not piece:
                return got
            got += piece
    except socket.timeout:
        return None
    except OSError:
        return got
    finally:
        s.close()


def refused(port, name, data, *statuses):
    got = answer(port, data)
    if got is None:
        fail('%s: the connection stays open' % name)
    status = int(got.split()[1]) if got.startswith(b'HTTP/1.1 ') else 0
    if status not in statuses or b'HTTP/1.1 2' in got: # the library sends the header of its own refusals twice
        fail('%s: %r' % (name, got[:200]))


def rude(port):
    hidden = event(900001)
    inner = head(hidden) + hidden
    body = event(900002)
    h = head(body)
    two = h.replace(b'Content-Length', b'Content-Length: 0\r\nContent-Length', 1)
    refused(port, 'two Content-Length', two + body + inner, 400)
    same = h.replace(b'Content-Length', b'Content-Length: %d\r\nContent-Length' % len(body), 1)
    refused(port, 'the same Content-Length twice', same + body + inner, 400)
    for coding in (b'chunked', b'Chunked', b'gzip, chunked', b'chunked, identity', b'\x0bchunked'):
        both = h.replace(b'Content-Length', b'Transfer-Encoding: ' + coding + b'\r\nContent-Length', 1)
        refused(port, 'Content-Length and Transfer-Encoding', both + b'0\r\n\r\n' + inner, 400, 501)
    for coding in (b'identity', b'gzip', b'chunked, chunked'):
        one = re.sub(rb'Content-Length: \d+', b'Transfer-Encoding: ' + coding, h)
        refused(port, 'Transfer-Encoding ' + coding.decode(), one + b'0\r\n\r\n' + inner, 400, 501)
    refused(port, 'two Hosts', h.replace(b'Host: a', b'Host: a\r\nHost: b') + body + inner, 400)
    refused(port, 'no Host', h.replace(b'Host: a\r\n', b'') + body + inner, 400)
    refused(port, 'two Signs', h.replace(b'Sign:', b'Sign: x\r\nSign:') + body + inner, 400)
    for length in (b'-1', b'+5', b'1x', b'0x10', b'', b'99999999999999999999999999'):
        refused(port, 'Content-Length ' + length.decode(), re.sub(rb'(Content-Length: )\d+', lambda m: m[1] + length, h) + body, 0, 400, 413)
    refused(port, 'a header of 40 KB', h.replace(b'Host: a', b'Host: a\r\nX: ' + b'x' * 40000) + body, 0, 400, 413, 431)
    refused(port, 'a URL of 40 KB', h.replace(b'/cb', b'/' + b'x' * 40000) + body, 0, 400, 414, 431)
    refused(port, 'a body of 1 GB', re.sub(rb'(Content-Length: )\d+', rb'\g<1>1000000000', h), 413)
    chunked = re.sub(rb'Content-Length: \d+', b'Transfer-Encoding: chunked', h)
    refused(port, 'a chunk that is none', chunked + b'xyz\r\n' + body, 0, 400)
    refused(port, 'a chunk of no end', chunked + b'ffffffffffffffffff\r\n' + body, 0, 400, 413)
    refused(port, 'chunks over the limit', chunked + (b'10000\r\n' + b'x' * 65536 + b'\r\n') * 20 + b'0\r\n\r\n', 413)
    refused(port, 'chunks without end', chunked + (b'100000\r\n' + b'x' * (1 << 20) + b'\r\n') * 30, 0, 413)
    for data in (b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(200) + b'\r\n\r\n',
                 bytes(20000), b'GET\r\n\r\n', b'POST / HTTP/9.9\r\n\r\n', b'\r\n' * 20000):
        got = answer(port, data, 15)
        if got and b' 200 ' in got:
            fail('%r: taken' % data[:20])


def status_of(pid, key):
    return int(re.search(r'%s:\s*(\d+)' % key, open('/proc/%d/status' % pid).read())[1])


def hostile(pid, port, nb_idle):
    stop, worst, bad, served = threading.Event(), [0.0], [], [0]

    def honest():
        sender, n = Sender(port), 0
        while not stop.is_set():
            begin = time.monotonic()
            status = None
            for attempt in range(3): # a connection that is kept may have gone meanwhile
                status = sender.send(event(n))
                if status == 200:
                    break
            if status != 200:
                bad.append('event %d: %s' % (n, status))
            worst[0] = max(worst[0], time.monotonic() - begin)
            n += 1
            served[0] = n
            time.sleep(0.02)

    def attack(data, count):
        kept = []
        for i in range(count):
            try:
                s = socket.create_connection(('127.0.0.1', port), timeout=5)
                s.sendall(data)
                kept.append(s)
            except OSError:
                pass
            if len(kept) > 900:
                kept.pop(0).close()
        return kept

    t = threading.Thread(target=honest, daemon=True)
    t.start()
    big = event(900003, 1000000)
    kept = attack(b'POST / HTTP/1.1\r\nHost: x\r\nX-', nb_idle)
    kept += attack(head(big) + big[:-1], 60)
    kept += attack(b'', 50)
    rude(port)
    kept += attack(head(big) + big[:70000], 300)
    for s in kept[-20:]: # slowly
        try:
            s.sendall(b'x')
        except OSError:
            pass
    while served[0] < 50 and not bad:
        time.sleep(0.02)
    fds = len(os.listdir('/proc/%d/fd' % pid))
    stop.set()
    t.join()
    for s in kept:
        s.close()
    rss = status_of(pid, 'VmHWM') / 1024
    names = ''.join(open('S/new/' + n).read() for n in os.listdir('S/new') if n.startswith('17672265'))
    if bad:
        fail('the honest client was not served: %s' % bad[:5])
    if worst[0] > 5:
        fail('the honest client waited for %.1f s' % worst[0])
    if rss > 64 and not os.environ.get('TRTC_SAN'):
        fail('%.1f MB of memory' % rss)
    if fds > 350:
        fail('%d descriptors' % fds)
    if '90000' in names:
        fail('a hidden request was run')
    print('%d events of the honest client, its worst wait %.0f ms, %.1f MB, %d descriptors' % (served[0], worst[0] * 1000, rss, fds))


# ---- load ----

def load(port, rate, seconds):
    nb, took, lock, errors = 8 if not rate else 4, [], threading.Lock(), [0]
    begin = time.monotonic()
    counter = iter(range(1 << 40))
    base = int(time.time()) % 100000000 * 10000

    def work(k):
        sender, mine = Sender(port), []
        while time.monotonic() - begin < seconds:
            with lock:
                n = next(counter)
            at = begin + n / rate if rate else time.monotonic()
            if at - begin >= seconds:
                break
            time.sleep(max(0, at - time.monotonic()))
            t = time.monotonic()
            ok = sender.send(event(base + n, 200)) == 200
            mine.append(time.monotonic() - (at if rate else t))
            errors[0] += not ok
        with lock:
            took.extend(mine)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(nb)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took.sort()
    print('%.1f %.2f %.2f %d' % (len(took) / (time.monotonic() - begin), took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000, errors[0]))


# ---- again, slow ----

def again(port, times):
    sender, body = Sender(port), event(1)
    for i in range(times):
        if sender.send(body.replace(b'1767225600043', b'%d' % (1767225600043 + i))) != 200:
            fail('%d: not 200' % i)
    if len(os.listdir('S/new')) != 1:
        fail('more than one record')


def slow(port):
    body = event(1)
    h = head(body)
    for name, data in ('nothing', b''), ('a header', h), ('a body', h + body):
        s = socket.create_connection(('127.0.0.1', port))
        begin = time.monotonic()
        s.settimeout(0.2)
        try:
            s.sendall(data[:-100])
            for i in range(100): # a byte at a time, and never all of them
                if data and i < 90:
                    s.sendall(data[i - 100:i - 99])
                try:
                    if not s.recv(1000):
                        break
                except socket.timeout:
                    pass
        except OSError:
            pass
        waited = time.monotonic() - begin
        if not 3 <= waited <= 13:
            fail('%s: ended after %.1f s' % (name, waited))


if __name__ == '__main__':
    mode, args = sys.argv[1], [int(a) for a in sys.argv[2:]]
    {'storm': storm, 'hostile': hostile, 'load': load, 'again': again, 'slow': slow}[mode](*args)
