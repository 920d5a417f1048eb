// SPDX-License-Identifier: MIT
// Plays HLS playlists in headless Chromium with hls.js, from a server on the loopback interface.
//
//   node play.js MODULES CHROMIUM PLAYLIST...      MODULES: the node_modules with hls.js and playwright-core
//
// Prints an object a line for each playlist: what player.html's show() tells, or the error that
// kept it from telling. Exit status 1 where there was one.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const RATE = 5; // times real time
const LIMIT_MS = 40000; // a playlist
const [modules, chromium, ...playlists] = process.argv.slice(2);
const { chromium: browserType } = require(path.join(path.resolve(modules), 'playwright-core'));

const types = { '.m3u8': 'application/vnd.apple.mpegurl', '.ts': 'video/mp2t' };

// What a request is for: the player, hls.js, or /N/NAME beside the Nth playlist.
function fileOf(url) {
    const name = decodeURIComponent(new URL(url, 'http://x').pathname);
    if (name === '/') return path.join(__dirname, 'player.html');
    if (name === '/hls.js') return path.join(path.resolve(modules), 'hls.js/dist/hls.js');
    const [, n, base] = /^\/(\d+)\/([^/]+)$/.exec(name) ?? [];
    return playlists[n] && path.join(path.dirname(playlists[n]), base);
}

function serve(request, response) {
    const file = fileOf(request.url);
    fs.readFile(file ?? '', (error, data) => {
        response.writeHead(error ? 404 : 200, {
            'Content-Type': types[path.extname(file ?? '')] ??
                (file?.endsWith('.js') ? 'text/javascript' : 'text/html'),
            'Cache-Control': 'no-store',
        });
        response.end(error ? '' : data);
    });
}

// A promise that is kept within the limit, or broken.
function within(ms, promise) {
    let timer;
    const limit = new Promise((_, broken) => {
        timer = setTimeout(() => broken(new Error(`no end after ${ms / 1000} s`)), ms);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

async function main() {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'browser-'));
    const server = http.createServer(serve);
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    const origin = `http://127.0.0.1:${server.address().port}`;
    let context;
    try {
        context = await browserType.launchPersistentContext(profile, {
            executablePath: chromium,
            headless: true,
            chromiumSandbox: process.getuid() !== 0,
            args: [
                '--headless', '--disable-gpu', '--disable-quic', '--no-first-run',
                '--disable-background-networking', '--disable-component-update',
                '--disable-sync', '--no-proxy-server', '--autoplay-policy=no-user-gesture-required',
                '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
            ],
        });
        for (const [n, playlist] of playlists.entries()) {
            const page = await context.newPage();
            const url = `${origin}/${n}/${encodeURIComponent(path.basename(playlist))}`;
            let told;
            try {
                await page.goto(`${origin}/`);
                told = await within(LIMIT_MS, page.evaluate(([u, r]) => show(u, r), [url, RATE]));
            } catch (error) {
                told = { failed: error.message };
                process.exitCode = 1;
            }
            console.log(JSON.stringify({ playlist, ...told }));
            await page.close();
        }
    } finally {
        await context?.close();
        server.close();
        server.closeAllConnections?.();
        fs.rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    }
}

main().catch((error) => {
    console.error(`play.js: ${error.message}`);
    process.exit(1);
});
