// SPDX-License-Identifier: BSD-2-Clause
//
// Takes the pictures of the page for the documentation: `node pictures.mjs URL FOLDER CHROMIUM`. scripts/screenshots calls it where
// there is something to see.
import path from "node:path";
import { chromium } from "playwright-core";

const [url, folder, executablePath] = process.argv.slice(2);
const pictures = [
    { name: "page-light", width: 1400, height: 984, scheme: "light", at: "" },
    { name: "page-dark", width: 1400, height: 984, scheme: "dark", at: "#eth0" },
    { name: "page-phone", width: 390, height: 844, scheme: "dark", at: "#wan0" },
];

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
for (const { name, width, height, scheme, at } of pictures) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: 2 });
    await page.goto(url + at);
    await page.waitForSelector(".live");
    await page.waitForSelector("#panels canvas");
    // The history of the chosen interface, and three snapshots after it, so that nothing is half there.
    await page.waitForLoadState("load");
    for (let seen = 0; seen < 3; seen++) {
        const before = await page.textContent("#clock");
        while ((await page.textContent("#clock")) === before) await page.waitForTimeout(50);
    }
    await page.screenshot({ path: path.join(folder, `${name}.png`) });
    await page.close();
}
await browser.close();
