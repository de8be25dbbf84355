// SPDX-License-Identifier: BSD-2-Clause
//
// A browser that does what it is told on standard input, a JSON document a line: {"do": "click", "with": ["#pause"]}. Each is
// answered with a line, {"value": ...} or {"error": "..."}. It ends with its input.
//
//     node driver.mjs MODULES CHROMIUM
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// As root there is no sandbox; the page is ours.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let context;
let page;
/** What the page said and asked for since it was opened. */
let seen;
/** Of each answer, by address: the bytes on the wire, and the body's as it was before compression. */
let sizes;

async function watchSizes() {
    const session = await context.newCDPSession(page);
    const urls = new Map();
    await session.send("Network.enable");
    session.on("Network.responseReceived", ({ requestId, response }) => {
        urls.set(requestId, response.url);
        sizes[response.url] = { transferred: 0, body: 0 };
    });
    session.on("Network.dataReceived", ({ requestId, dataLength }) => {
        if (urls.has(requestId)) sizes[urls.get(requestId)].body += dataLength;
    });
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
        if (urls.has(requestId)) sizes[urls.get(requestId)].transferred = encodedDataLength;
    });
}

const actions = {
    async open(url, { width = 1280, height = 900, dark = false, user = "", password = "" } = {}) {
        await context?.close();
        context = await browser.newContext({
            viewport: { width, height },
            colorScheme: dark ? "dark" : "light",
            ignoreHTTPSErrors: true, // certificates are the tests' own
            ...(user && { httpCredentials: { username: user, password } }),
        });
        page = await context.newPage();
        seen = { console: [], errors: [], requests: [], failed: [] };
        sizes = {};
        page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`));
        page.on("pageerror", (error) => seen.errors.push(error.message));
        page.on("request", (request) => seen.requests.push(request.url()));
        page.on("requestfailed", (request) => seen.failed.push(request.url()));
        await watchSizes();
        const response = await page.goto(url);
        return { status: response.status(), headers: response.headers() };
    },
    async reload() {
        await page.reload();
    },
    seen: () => seen,
    sizes: () => sizes,
    click: (selector) => page.click(selector),
    press: (key) => page.keyboard.press(key),
    type: (text) => page.keyboard.type(text),
    select: (selector, value) => page.selectOption(selector, value),
    hover: (selector, x, y) => page.hover(selector, { position: { x, y } }),
    media: (colorScheme) => page.emulateMedia({ colorScheme }),
    forceColors: (forced) => page.emulateMedia({ forcedColors: forced ? "active" : "none" }),
    resize: (width, height) => page.setViewportSize({ width, height }),
    text: (selector) => page.textContent(selector),
    screenshot: (path) => page.screenshot({ path }),
    /** The value of an expression of JavaScript. */
    get: (expression) => page.evaluate(expression),
    /** Waits until an expression is true. Asked from outside: the page's policy lets nothing evaluate a string within. */
    async until(expression, timeout) {
        for (const end = Date.now() + timeout; !(await page.evaluate(expression)); await page.waitForTimeout(30)) {
            if (Date.now() > end) throw new Error(`after ${timeout} ms still not`);
        }
    },
    async axe() {
        // Not as an element of the page: its policy allows no script but its own.
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })");
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join("; ")}`);
        return { passes: passes.length, violations: found };
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    const { do: action, with: words = [] } = JSON.parse(line);
    let answer;
    try {
        answer = { value: (await actions[action](...words)) ?? null };
    } catch (error) {
        answer = { error: String(error.message ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
