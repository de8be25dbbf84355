// SPDX-License-Identifier: BSD-2-Clause
//
// Runs the tests of the page's pure parts with node's own runner: `node test.mjs [NAME.test.ts...]`, all where
// none is named.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { root } from "./build.mjs";

// node understands TypeScript only from version 22 on: the tests are translated first.
const folder = await mkdtemp(path.join(tmpdir(), "xdpstat-page-"));
let status = 1;
try {
    const all = (await readdir(path.join(root, "test"))).filter((name) => name.endsWith(".test.ts")).sort();
    const names = process.argv.length > 2 ? process.argv.slice(2) : all;
    await build({
        absWorkingDir: root,
        entryPoints: names.map((name) => `test/${name}`),
        outdir: folder,
        outExtension: { ".js": ".mjs" },
        bundle: true,
        platform: "node",
        format: "esm",
        target: "node18",
        sourcemap: "inline",
        logLevel: "warning",
    });
    const files = names.map((name) => path.join(folder, name.replace(/\.ts$/, ".mjs")));
    status = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" }).status ?? 1;
} finally {
    await rm(folder, { recursive: true });
}
process.exit(status);
