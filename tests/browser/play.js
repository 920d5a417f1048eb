// SPDX-License-Identifier: MIT
// Plays HLS playlists with hls.js, from a server on the loopback interface.
//
//   node run.js ... play PLAYLIST...      MODULES has hls.js, too
//
// Prints an object a line for each playlist: what player.html's show() tells, or the error that
// kept it from telling. Exit status 1 where there was one.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const RATE = 5; // times real time
const LIMIT_MS = 40000; // a playlist

const types = { '.m3u8': 'application/vnd.apple.mpegurl', '.ts': 'video/mp2t' };

// What a request is for: the player, hls.js, or /N/NAME beside the Nth playlist.
function fileOf(url, modules, playlists) {
    const name = decodeURIComponent(new URL(url, 'http://x').pathname);
    if (name === '/') return path.join(__dirname, 'player.html');
    if (name === '/hls.js') return path.join(modules, 'hls.js/dist/hls.js');
    const [, n, base] = /^\/(\d+)\/([^/]+)$/.exec(name) ?? [];
    return playlists[n] && path.join(path.dirname(playlists[n]), base);
}

function answer(file, response) {
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

module.exports = async ({ context, modules, serve }, ...playlists) => {
    const origin = await serve((request, response) => answer(fileOf(request.url, modules, playlists), response));
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
};
