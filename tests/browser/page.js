// SPDX-License-Identifier: MIT
// Uses the page of trtc-recd as a person would, in headless Chromium with a camera that is made up.
//
//   node page.js MODULES CHROMIUM URL MODE [PICTURE]      MODE: single, mixed; PICTURE: a PNG file of the page at the end
//
// Publishes the camera, records, changes the layout of a mix, stops, plays what came of it; prints what the page showed, as JSON.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const [modules, chromium, url, mode, picture] = process.argv.slice(2);
const { chromium: browserType } = require(path.join(path.resolve(modules), 'playwright-core'));

const RECORD_MS = 4000, LIMIT_MS = 40000;

async function use(page, told) {
    const text = (selector) => page.locator(selector).allTextContents();
    page.setDefaultTimeout(LIMIT_MS);
    await page.goto(url);
    await page.getByLabel('Your name').fill('anna');
    await page.getByRole('button', { name: 'Camera' }).click();
    await page.waitForSelector('#people li:has-text("anna"):has-text("camera, microphone")');
    await page.locator('#mode').selectOption(mode);
    await page.locator('#record').click();
    await page.waitForSelector('.pill.InProgress');
    if (mode === 'mixed') await page.getByRole('button', { name: 'Floating' }).click();
    await page.waitForSelector('#files [data-type=playlist]');
    await page.waitForTimeout(RECORD_MS);
    told.lanes = await text('.lanes .name');
    told.trouble = (await text('#trouble')).join('');
    await page.locator('[data-stop]').click();
    await page.getByRole('button', { name: 'Camera' }).click();
    await page.waitForSelector('#files [data-type=mp4]');
    await page.waitForSelector('.pill.Exited');
    told.files = await page.locator('#files button').evaluateAll((all) => all.map((b) => b.dataset.type));
    told.played = {};
    for (const type of ['mp4', 'playlist']) {
        await page.locator(`#files [data-type=${type}]`).first().click();
        told.played[type] = await page.locator('#player').evaluate((v) => new Promise((there) => {
            v.muted = true;
            v.onerror = () => there(v.error.message);
            v.ontimeupdate = () => { if (v.currentTime > 0.5) there('plays'); };
        }));
    }
    await page.waitForSelector('#events summary:has-text("310")');
    told.events = (await text('#events summary')).map((t) => /\d\d:\d\d:\d\d(\d*)/.exec(t)?.[1]).reverse();
    await page.locator('#events summary').first().click();
    await page.waitForSelector('#events pre');
    told.opened = (await text('#events pre'))[0].includes('EventInfo');
}

async function main() {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'browser-')), told = { messages: [] };
    let context;
    try {
        context = await browserType.launchPersistentContext(profile, {
            executablePath: chromium,
            headless: true,
            chromiumSandbox: process.getuid() !== 0,
            viewport: { width: 1280, height: 1100 },
            args: [
                '--headless', '--disable-gpu', '--disable-quic', '--no-first-run',
                '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-proxy-server',
                '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
                '--autoplay-policy=no-user-gesture-required', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
            ],
        });
        const page = await context.newPage();
        page.on('console', (m) => { if (m.type() === 'error') told.messages.push(m.text()); });
        page.on('pageerror', (e) => told.messages.push(e.message));
        try {
            await use(page, told);
        } catch (error) {
            told.failed = error.message;
            told.trouble = (await page.locator('#trouble').allTextContents()).join('');
        }
        if (picture) await page.screenshot({ path: picture, fullPage: true });
    } finally {
        await context?.close();
        fs.rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    }
    console.log(JSON.stringify(told));
}

main().catch((error) => {
    console.error(`page.js: ${error.message}`);
    process.exit(1);
});
