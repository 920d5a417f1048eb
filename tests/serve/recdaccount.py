#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# The account of what a trtc-recd that was killed again and again has done: each task has ended, each line of its events
# became what it should, each callback is in the receiver's spool once, each file is in the storage as it was made.
#
#   recdaccount.py DATA SPOOL      exit 1 where something is missing or twice
import collections, glob, json, os, sys

data, spool = sys.argv[1:]
bad = []
got = collections.Counter()
for path in glob.glob(f'{spool}/*/*.json'):
    e = json.load(open(path))
    e = json.loads(e['body']) if 'body' in e else e
    info = e['EventInfo']
    got[(info['TaskId'], e['EventType'], info['EventMsTs'], json.dumps(info['Payload'], sort_keys=True))] += 1
tasks = callbacks = files = 0
for directory in glob.glob(f'{data}/tasks/*'):
    task = os.path.basename(directory)
    events = f'{directory}/events.ndjson'
    if not os.path.exists(events):
        continue
    tasks += 1
    lines = [json.loads(l) for l in open(events)]
    if [l['Seq'] for l in lines] != list(range(1, len(lines) + 1)):
        bad.append(f'{task}: lines are not numbered')
    if 'End' not in lines[-1]:
        bad.append(f'{task}: no end')
    for l in lines:
        if 'EventType' in l:
            callbacks += 1
            key = (task, l['EventType'], l['EventMsTs'], json.dumps(l['Payload'], sort_keys=True))
            if got[key] != 1:
                bad.append(f'{key} came {got[key]} times')
        if 'File' in l and l['Type'] == 'segment':
            files += 1
            name = os.path.basename(l['File'])
            found = glob.glob(f'{data}/storage/*/*/{task}/{name}')
            if len(found) != 1 or task not in open(found[0]).read():
                bad.append(f'{task}: {name} is not in the storage')
    mine = collections.Counter(k[1] for k in got if k[0] == task)
    for once in (301, 302, 303, 305):
        if mine[once] != 1:
            bad.append(f'{task}: {once} came {mine[once]} times')
    callbacks += mine[303] + mine[304] + mine[305] + mine[310]
print('\n'.join(bad) or f'{tasks} tasks, {callbacks} callbacks, {files} segments: each once')
sys.exit(1 if bad or not tasks else 0)
