// SPDX-License-Identifier: BSD-2-Clause
//
// Builds the page: `node build.mjs [FOLDER]`, web/dist where none is named. The same sources give the same bytes.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.dirname(fileURLToPath(import.meta.url));

/** What the browsers of the last years understand: nothing is translated for older ones. */
const target = ["chrome109", "firefox115", "safari16.4"];

const licence = "/* SPDX-License-Identifier: BSD-2-Clause */";
const library = "/* with uPlot, under the MIT licence: licenses.txt */";

/** Three scripts: theme.js is run before the first paint, app.js fills it with numbers, charts.js comes after it. */
function options(folder, entryPoints, format, ...notes) {
    const banner = [licence, ...notes].join("\n");
    return {
        absWorkingDir: root,
        entryPoints,
        outdir: folder,
        bundle: true,
        format,
        target,
        minify: true,
        // Lines, so that a change to the page is a change to a few of them; not so many that it stops being one.
        lineLimit: 400,
        charset: "utf8",
        legalComments: "none",
        banner: { js: banner, css: banner },
        external: ["./charts.js"],
        logLevel: "warning",
    };
}

async function licences() {
    const own = await readFile(path.join(root, "../LICENSES/BSD-2-Clause.txt"), "utf8");
    const uplot = await readFile(path.join(root, "node_modules/uplot/LICENSE"), "utf8");
    return `SPDX-License-Identifier: BSD-2-Clause AND MIT\n\nThe page of xdpstat\n\n${own.trim()}\n\n\nuPlot\n\n${uplot.trim()}\n`;
}

export async function buildPage(folder) {
    await mkdir(folder, { recursive: true });
    await build(options(folder, { app: "src/main.ts" }, "esm"));
    await build(options(folder, { theme: "src/theme.ts" }, "iife"));
    await build(options(folder, { charts: "src/charts.ts", style: "src/style.css" }, "esm", library));
    for (const name of ["index.html", "icon.svg"]) {
        await copyFile(path.join(root, "src", name), path.join(folder, name));
    }
    await writeFile(path.join(folder, "licenses.txt"), await licences());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    await buildPage(path.resolve(process.argv[2] ?? path.join(root, "dist")));
}
