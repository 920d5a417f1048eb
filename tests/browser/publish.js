// SPDX-License-Identifier: MIT
// A page in headless Chromium that publishes a made-up camera, from a server on a port of loopback of its own.
//
//   node publish.js MODULES CHROMIUM FILE TYPE SECONDS post URL            URL: http://127.0.0.1:PORT/ROOM/USER
//   node publish.js MODULES CHROMIUM FILE TYPE SECONDS call URL ROOM USER  URL: http://127.0.0.1:PORT/janus; ROOM: a number
//
// FILE gets what the page itself recorded. Prints what became of its requests, a line each.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const [modules, chromium, file, type, seconds, kind, url, room, user] = process.argv.slice(2);
const { chromium: browserType } = require(path.join(path.resolve(modules), 'playwright-core'));

async function main() {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'browser-'));
    const page_text = fs.readFileSync(path.join(__dirname, 'publish.html'));
    const server = http.createServer((_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' });
        response.end(page_text);
    });
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    let context;
    try {
        context = await browserType.launchPersistentContext(profile, {
            executablePath: chromium,
            headless: true,
            chromiumSandbox: process.getuid() !== 0,
            args: [
                '--headless', '--disable-gpu', '--disable-quic', '--no-first-run',
                '--disable-background-networking', '--disable-component-update',
                '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
                '--disable-sync', '--no-proxy-server', '--autoplay-policy=no-user-gesture-required',
                '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns',
                '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
            ],
        });
        const page = await context.newPage();
        await page.goto(`http://127.0.0.1:${server.address().port}/`);
        const { told, recorded } = await (kind === 'call'
            ? page.evaluate(([u, r, n, s, t]) => call(u, r, n, s, t), [url, Number(room), user, Number(seconds), type])
            : page.evaluate(([u, s, t]) => post(u, s, t), [url, Number(seconds), type]));
        fs.writeFileSync(file, Buffer.from(recorded, 'base64'));
        for (const line of told) console.log(line);
    } finally {
        await context?.close();
        server.close();
        server.closeAllConnections?.();
        fs.rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    }
}

main().catch((error) => {
    console.error(`publish.js: ${error.message}`);
    process.exit(1);
});
