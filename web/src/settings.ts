// SPDX-License-Identifier: BSD-2-Clause

import type { Unit } from "./parts.ts";

export interface Settings {
    unit: Unit;
    theme: "auto" | "light" | "dark";
    /** Seconds between two snapshots. */
    interval: number;
    sort: "name" | "rate";
    /** Whether letters alone are shortcuts: those who speak to their computer need them off (WCAG 2.1.4). */
    shortcuts: boolean;
    table: boolean;
}

const KEY = "xdpstat";
const ALLOWED: { readonly [Name in keyof Settings]: readonly Settings[Name][] } = {
    unit: ["bits", "packets"],
    theme: ["auto", "light", "dark"],
    interval: [1, 2, 5, 10],
    sort: ["name", "rate"],
    shortcuts: [true, false],
    table: [false, true],
};

/** What the browser remembers; the first of the allowed values for the rest, and where it may remember nothing. */
export function loadSettings(): Settings {
    let stored: Partial<Record<keyof Settings, unknown>> = {};
    try {
        stored = (JSON.parse(localStorage.getItem(KEY) ?? "{}") as typeof stored | null) ?? {};
    } catch {
        // Storage is switched off, or holds something else.
    }
    const pick = <Name extends keyof Settings>(name: Name): Settings[Name] =>
        ALLOWED[name].find((value) => value === stored[name]) ?? ALLOWED[name][0];
    return {
        unit: pick("unit"),
        theme: pick("theme"),
        interval: pick("interval"),
        sort: pick("sort"),
        shortcuts: pick("shortcuts"),
        table: pick("table"),
    };
}

export function saveSettings(settings: Settings): void {
    try {
        localStorage.setItem(KEY, JSON.stringify(settings));
    } catch {
        // Then it is forgotten with the page.
    }
}
