// SPDX-License-Identifier: BSD-2-Clause
//
// Shows the page while one works on it: every request builds it anew, and numbers come from a server that runs.
//
//     node dev.mjs [SERVER]       http://127.0.0.1:10435 where none is named; the page is at http://127.0.0.1:10436
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildPage } from "./build.mjs";

const server = new URL(process.argv[2] ?? "http://127.0.0.1:10435");
const port = 10436;
const folder = await mkdtemp(path.join(tmpdir(), "xdpstat-page-"));
const types = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain" };
/** That of the server, so that what it forbids is seen here. */
let policy = "default-src 'self'";

/** Hands a request on, and its answer back as it comes: the stream has no end. */
function pass(incoming, outgoing) {
    const options = { method: incoming.method, headers: { ...incoming.headers, host: server.host } };
    const passed = request(new URL(incoming.url, server), options, (answer) => {
        policy = answer.headers["content-security-policy"] ?? policy;
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
        outgoing.on("close", () => answer.destroy());
    });
    passed.on("error", (error) => outgoing.writeHead(502).end(`${server}: ${error.message}\n`));
    incoming.pipe(passed);
}

async function show(name, outgoing) {
    if (name === "index.html") await buildPage(folder);
    const bytes = await readFile(path.join(folder, name));
    outgoing.writeHead(200, {
        "Content-Type": `${types[path.extname(name)]}; charset=utf-8`,
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
    });
    outgoing.end(bytes);
}

createServer((incoming, outgoing) => {
    const name = path.basename(new URL(incoming.url, server).pathname) || "index.html";
    if (!(path.extname(name) in types)) return pass(incoming, outgoing);
    show(name, outgoing).catch((error) => outgoing.writeHead(error.code === "ENOENT" ? 404 : 500).end(`${error.message}\n`));
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}, with the numbers of ${server}`));

process.on("SIGINT", async () => {
    await rm(folder, { recursive: true });
    process.exit(0);
});
