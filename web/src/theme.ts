// SPDX-License-Identifier: BSD-2-Clause
//
// Also a script of its own, which the browser waits for before it paints: no flash of white for those who chose dark.

import { loadSettings, type Settings } from "./settings.ts";

/** The colours that are chosen, or those of the system. */
export function applyTheme(theme: Settings["theme"]): void {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    document.documentElement.dataset["theme"] = theme === "auto" ? system : theme;
}

applyTheme(loadSettings().theme);
