// SPDX-License-Identifier: MIT
// Uses the page of trtc-recd as a person would.
//
//   node run.js ... page URL MODE [PICTURE]      MODE: single, mixed; PICTURE: a PNG file of the page at the end
//
// Publishes the camera, records, changes the layout of a mix, stops, plays what came of it; prints what the page showed, as JSON.
'use strict';

const RECORD_MS = 4000, LIMIT_MS = 40000;

async function use(page, url, mode, told) {
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

module.exports = async ({ context }, url, mode, picture) => {
    const told = { messages: [] }, page = await context.newPage();
    await page.setViewportSize({ width: 1280, height: 1100 });
    page.on('console', (m) => { if (m.type() === 'error') told.messages.push(m.text()); });
    page.on('pageerror', (e) => told.messages.push(e.message));
    try {
        await use(page, url, mode, told);
    } catch (error) {
        told.failed = error.message;
        told.trouble = (await page.locator('#trouble').allTextContents()).join('');
    }
    if (picture) await page.screenshot({ path: picture, fullPage: true });
    console.log(JSON.stringify(told));
};
