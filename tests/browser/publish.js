// SPDX-License-Identifier: MIT
// A page that publishes a made-up camera, from a server on a port of loopback of its own.
//
//   node run.js ... publish FILE TYPE SECONDS post URL            URL: http://127.0.0.1:PORT/ROOM/USER
//   node run.js ... publish FILE TYPE SECONDS call URL ROOM USER  URL: http://127.0.0.1:PORT/janus; ROOM: a number
//
// FILE gets what the page itself recorded. Prints what became of its requests, a line each.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

module.exports = async ({ context, serve }, file, type, seconds, kind, url, room, user) => {
    const text = fs.readFileSync(path.join(__dirname, 'publish.html'));
    const origin = await serve((_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' });
        response.end(text);
    });
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    const { told, recorded } = await (kind === 'call'
        ? page.evaluate(([u, r, n, s, t]) => call(u, r, n, s, t), [url, Number(room), user, Number(seconds), type])
        : page.evaluate(([u, s, t]) => post(u, s, t), [url, Number(seconds), type]));
    fs.writeFileSync(file, Buffer.from(recorded, 'base64'));
    for (const line of told) console.log(line);
};
