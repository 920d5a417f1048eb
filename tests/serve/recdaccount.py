#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# The account of what a trtc-recd that was killed again and again has done, once it has ended: each task that it knows has a
# directory and has ended, each directory is of a task that it knows, each line of the events became what it should, each
# callback is in the receiver's spool once, each file is in the storage as it was made.
#
#   recdaccount.py DATA SPOOL      exit 1 where something is missing or twice
import collections, glob, json, os, sqlite3, sys

data, spool = sys.argv[1:]
bad = []
got = collections.Counter()


def key_of(task, kind, ms, payload):
    return (task, kind, ms, json.dumps(payload, sort_keys=True))


def key_of_body(body):
    info = body['EventInfo']
    return key_of(info['TaskId'], body['EventType'], info['EventMsTs'], info['Payload'])


def is_stored(task, name, standin):
    found = glob.glob(f'{data}/storage/*/*/{task}/{name}')
    if len(found) != 1:
        return False
    content = open(found[0], 'rb').read()
    return task.encode() in content if standin else len(content) > 0


for path in glob.glob(f'{spool}/*/*.json'):
    e = json.load(open(path))
    got[key_of_body(json.loads(e['body']) if 'body' in e else e)] += 1

db = sqlite3.connect(f'file:{data}/recd.db?mode=ro', uri=True)
rows = dict((i, (ended, settled)) for i, ended, settled in db.execute('select id,ended_ms,settled from tasks'))
directories = set(os.path.basename(d) for d in glob.glob(f'{data}/tasks/*'))
for task in rows.keys() ^ directories:
    bad.append(f'{task}: ' + ('no directory' if task in rows else 'a directory of no task'))
for task, (ended, settled) in rows.items():
    if not ended or not settled:
        bad.append(f'{task}: it has no end' if not ended else f'{task}: it is not settled')
for what, sql in (('secrets', 'select count(*) from secrets'),
                  ('files that are not proven', 'select count(*) from files where seq>proven_seq'),
                  ('callbacks that wait or were given up', 'select count(*) from outbox where state!=1')):
    n = db.execute(sql).fetchone()[0]
    if n:
        bad.append(f'{n} {what}')
for (body,) in db.execute('select body from outbox'):
    key = key_of_body(json.loads(body))
    if got[key] != 1:
        bad.append(f'{key} came {got[key]} times')

callbacks = files = 0
for task in sorted(rows.keys() & directories):
    events = f'{data}/tasks/{task}/events.ndjson'
    if not os.path.exists(events):
        bad.append(f'{task}: nothing has run')
        continue
    standin = os.path.exists(f'{data}/tasks/{task}/descriptors')
    lines = [json.loads(l) for l in open(events)]
    if [l['Seq'] for l in lines] != list(range(1, len(lines) + 1)):
        bad.append(f'{task}: lines are not numbered')
    if 'End' not in lines[-1]:
        bad.append(f'{task}: no end')
    for l in lines:
        if 'EventType' in l:
            callbacks += 1
            key = key_of(task, l['EventType'], l['EventMsTs'], l['Payload'])
            if got[key] != 1:
                bad.append(f'{key} came {got[key]} times')
        if 'File' in l and l['Type'] == 'segment':
            files += 1
            if not is_stored(task, os.path.basename(l['File']), standin):
                bad.append(f'{task}: {l["File"]} is not in the storage')
    mine = collections.Counter(k[1] for k in got if k[0] == task)
    for once in (301, 302, 303, 305):
        if mine[once] != 1:
            bad.append(f'{task}: {once} came {mine[once]} times')
    playlists = set(l['File'] for l in lines if l.get('Type') == 'playlist')
    mades = sum('Made' in l for l in lines)
    for kind, n in ((304, len(playlists)), (310, mades)):
        if mine[kind] != n:
            bad.append(f'{task}: {kind} came {mine[kind]} times, not {n}')
    callbacks += mine[303] + mine[304] + mine[305] + mine[310]
print('\n'.join(bad) or f'{len(rows)} tasks with an end, {callbacks} callbacks and {files} segments, each once')
sys.exit(1 if bad or not rows else 0)
