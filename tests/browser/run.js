// SPDX-License-Identifier: MIT
// Runs one of the scripts here in headless Chromium, which reaches nothing but 127.0.0.1 and has a made-up camera.
//
//   node run.js MODULES CHROMIUM SCRIPT ARGUMENT...      MODULES: a node_modules with playwright-core; SCRIPT: play, publish, page
//
// A script exports an async function of { context, modules, serve } and its arguments: context is the browser's, serve(handler)
// an HTTP server on a port of loopback of its own, which is at the address that it resolves to.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const [given, chromium, script, ...words] = process.argv.slice(2);
const modules = path.resolve(given);
const { chromium: browserType } = require(path.join(modules, 'playwright-core'));

const servers = [];

async function serve(handler) {
    const server = http.createServer(handler);
    servers.push(server);
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${server.address().port}`;
}

async function main() {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'browser-'));
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
                '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
                '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns',
                '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
            ],
        });
        await require(`./${script}`)({ context, modules, serve }, ...words);
    } finally {
        await context?.close();
        for (const server of servers) {
            server.close();
            server.closeAllConnections?.();
        }
        fs.rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    }
}

main().catch((error) => {
    console.error(`${script}.js: ${error.message}`);
    process.exit(1);
});
