#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Calls of the recording API over one connection: create N tasks, or describe them N times, 20 a second; then the median and
# the 99th percentile in ms.   calls.py URL create|describe N
import hashlib, hmac, http.client, json, os, sys, time

url, what, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
host = url.split('//')[1]
connection = http.client.HTTPConnection(host)


def call(action, body):
    now = int(time.time())
    date = time.strftime('%Y-%m-%d', time.gmtime(now))
    body = json.dumps(body).encode()
    def sign(key, text): return hmac.new(key, text.encode(), hashlib.sha256).digest()
    canonical = f'POST\n/\n\ncontent-type:application/json\nhost:{host}\n\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}'
    text = f'TC3-HMAC-SHA256\n{now}\n{date}/trtc/tc3_request\n{hashlib.sha256(canonical.encode()).hexdigest()}'
    signature = sign(sign(sign(sign(b'TC3benchkey', date), 'trtc'), 'tc3_request'), text).hex()
    connection.request('POST', '/', body, {
        'Content-Type': 'application/json', 'Host': host, 'X-TC-Action': action, 'X-TC-Version': '2019-07-22',
        'X-TC-Timestamp': str(now), 'X-TC-Region': 'ap-singapore',
        'Authorization': f'TC3-HMAC-SHA256 Credential=AKIDbench/{date}/trtc/tc3_request, '
                         f'SignedHeaders=content-type;host, Signature={signature}'})
    answer = json.loads(connection.getresponse().read())['Response']
    if 'Error' in answer:
        sys.exit(answer['Error'])
    return answer


if what == 'create':
    request = {'SdkAppId': 1400000001, 'UserId': 'rec', 'UserSig': 'none', 'RecordParams': {'RecordMode': 1},
               'StorageParams': {'CloudStorage': {'Vendor': 0, 'Region': 'here', 'Bucket': 'bench', 'AccessKey': 'none',
                                                  'SecretKey': 'none'}}}
    for i in range(n):
        call('CreateCloudRecording', dict(request, RoomId=str(i + 1)))
else:
    ids = os.listdir('live100/tasks')
    took = []
    for i in range(n):
        begin = time.monotonic()
        call('DescribeCloudRecording', {'SdkAppId': 1400000001, 'TaskId': ids[i % len(ids)]})
        took.append(1000 * (time.monotonic() - begin))
        time.sleep(0.05)
    took.sort()
    print(f'{took[n // 2]:.1f} {took[n * 99 // 100]:.1f}')
