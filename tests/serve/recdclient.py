#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Calls the recording API, signed by this program's own TC3-HMAC-SHA256. See call in tests/recd.bash.
import hashlib, hmac, http.client, json, re, sys, time, urllib.parse

url, keys, action, body, *more = sys.argv[1:]
text = open(keys).read()
secret = {m[1]: m[2] for m in re.finditer(r'^\s*(secret_id|secret_key)\s*=\s*(\S+)', text, re.M)}
opts, fields = {}, {}
for m in more:
    name, value = m.split('=', 1)
    if name in ('time', 'at', 'method', 'target', 'id', 'key', 'unsigned', 'late', 'times', 'apart', 'region', 'version'):
        opts[name] = value
    else:
        fields[name] = value

u = urllib.parse.urlsplit(url)
host = u.netloc
now = int(opts.get('at', int(time.time()) + int(opts.get('time', 0))))
date = time.strftime('%Y-%m-%d', time.gmtime(now))
body = body.encode()
method = opts.get('method', 'POST')
kind = fields.get('Content-Type', 'application/json')


def sign(key, message):
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


canonical = f'{method}\n/\n\ncontent-type:{kind}\nhost:{host}\n\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}'
to_sign = f'TC3-HMAC-SHA256\n{now}\n{date}/trtc/tc3_request\n{hashlib.sha256(canonical.encode()).hexdigest()}'
key = sign(sign(sign(('TC3' + opts.get('key', secret['secret_key'])).encode(), date), 'trtc'), 'tc3_request')
headers = {
    'Content-Type': kind, 'Host': host, 'X-TC-Action': action, 'X-TC-Version': opts.get('version', '2019-07-22'),
    'X-TC-Timestamp': str(now), 'X-TC-Region': opts.get('region', 'ap-singapore'),
    'Authorization': f"TC3-HMAC-SHA256 Credential={opts.get('id', secret['secret_id'])}/{date}/trtc/tc3_request, "
                     f"SignedHeaders=content-type;host, Signature={sign(key, to_sign).hex()}"}
if opts.get('unsigned'):
    del headers['Authorization']
for name, value in fields.items():
    headers = {k: v for k, v in headers.items() if k.lower() != name.lower()}
    if value:
        headers[name] = value
if 'late' in opts:
    body = opts['late'].encode()


def once():
    c = http.client.HTTPConnection(u.hostname, u.port, timeout=20)
    c.request(method, opts.get('target', '/'), body, headers)
    r = c.getresponse()
    return r.status, r.getheader('Content-Type'), r.read()


for i in range(int(opts.get('times', 1))):
    if i:
        time.sleep(float(opts.get('apart', 0)))
    status, kind, answer = once()
open('answer', 'wb').write(answer)
if status != 200:
    print(f'HTTP {status}')
else:
    if kind != 'application/json':
        sys.exit(f'answered as {kind}')
    print(json.loads(answer)['Response'].get('Error', {}).get('Code', ''))
