// SPDX-License-Identifier: BSD-2-Clause

import { Detail } from "./detail.ts";
import { byId, setAttribute, setText } from "./dom.ts";
import { type Connection, Feed, type HistoryRequest } from "./feed.ts";
import { takeHistory } from "./history.ts";
import { Keys } from "./keys.ts";
import { Overview } from "./overview.ts";
import { loadSettings, saveSettings, type Settings } from "./settings.ts";
import { readSnapshot } from "./snapshot.ts";
import { ALL, Model, type View } from "./state.ts";
import { applyTheme } from "./theme.ts";
import { clock } from "./units.ts";

/** Of many interfaces only the chosen one comes with a row for each second. */
const COARSE_STEP = 15;
const MANY = 12;

const settings: Settings = loadSettings();
const model = new Model();
const detail = new Detail();
const overview = new Overview(() => render());
let connection: Connection = { state: "connecting" };
/** What is shown while the page is paused. */
let frozen: View | null = null;
let selected: string | null = null;
let drawing = false;
/** Those whose history came with a row for each second. */
const fine = new Set<string>();

const feed = new Feed(
    {
        snapshot(document) {
            model.take(readSnapshot(document));
            if (frozen) return;
            chooseFirst();
            render();
        },
        history(document) {
            takeHistory(document, (name) => model.historyOf(name));
            render();
        },
        connection(state) {
            connection = state;
            showConnection();
        },
        historyWanted(): readonly HistoryRequest[] {
            fine.clear();
            return [{ step: COARSE_STEP, interfaces: [] }, ...fineWanted()];
        },
    },
    settings.interval,
);

/** The history of what is shown, second by second; asked for once in a connection. */
function fineWanted(): HistoryRequest[] {
    const all = (frozen ?? model.view)?.all ?? [];
    const shown = selected === null ? [] : selected !== ALL ? [selected] : all.length <= MANY ? all.map((live) => live.name) : [];
    const interfaces = shown.filter((name) => !fine.has(name));
    for (const name of interfaces) fine.add(name);
    return interfaces.length ? [{ step: 1, interfaces }] : [];
}

function wantFine(): void {
    for (const request of fineWanted()) void feed.fetchHistory(request);
}

/** What the address names; else all, or the only one. */
function chooseFirst(): void {
    if (selected !== null || !model.view) return;
    selected = named() ?? (model.view.all.length === 1 ? model.view.all[0].name : ALL);
    wantFine();
}

function named(): string | null {
    try {
        const name = decodeURIComponent(location.hash.slice(1));
        return name === "" ? null : name;
    } catch {
        return null;
    }
}

function render(): void {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
        drawing = false;
        const view = frozen ?? model.view;
        if (!view || selected === null) return;
        document.body.classList.toggle("many", view.all.length > 8);
        overview.show(view, model, settings, selected);
        detail.show(view, model, settings, selected);
        const time = byId<HTMLTimeElement>("clock");
        setText(time, clock(view.now));
        time.dateTime = new Date(view.now).toISOString();
    });
}

function showConnection(): void {
    const state = connection.state === "live" && frozen ? "paused" : connection.state;
    const words = { connecting: "connecting", live: "live", paused: "paused", lost: "connection lost" }[state];
    byId("status").className = state;
    setText(byId("status-text"), words);
    setAttribute(byId("lost"), "hidden", connection.state === "lost" ? null : "hidden");
    document.title = connection.state === "lost" ? "connection lost · xdpstat" : "xdpstat";
    showRetry();
}

function showRetry(): void {
    if (connection.state !== "lost") return;
    const seconds = Math.max(0, Math.ceil((connection.retryAt - Date.now()) / 1000));
    const again = seconds ? `It is tried again in ${seconds} s.` : "It is tried again now.";
    setText(byId("lost-text"), `${connection.reason[0].toUpperCase()}${connection.reason.slice(1)}. The numbers are those of ${lastTime()}. ${again}`);
    setTimeout(showRetry, 1000);
}

function lastTime(): string {
    return model.view ? clock(model.view.now) : "never";
}

function showSettings(): void {
    applyTheme(settings.theme);
    for (const input of byId("unit").querySelectorAll("input")) input.checked = input.value === settings.unit;
    byId<HTMLSelectElement>("interval").value = String(settings.interval);
    byId<HTMLSelectElement>("theme").value = settings.theme;
    byId<HTMLInputElement>("shortcuts").checked = settings.shortcuts;
    setAttribute(byId("table"), "aria-pressed", String(settings.table));
}

function change(what: Partial<Settings>): void {
    Object.assign(settings, what);
    saveSettings(settings);
    showSettings();
    render();
}

function togglePause(): void {
    frozen = frozen ? null : model.view;
    setAttribute(byId("pause"), "aria-pressed", String(frozen !== null));
    setText(byId("pause-text"), frozen ? "Go on" : "Pause");
    showConnection();
    render();
}

/** Shows an interface, and at once: keys may come faster than the address changes. */
function select(name: string): void {
    const all = model.view?.all ?? [];
    selected = name === ALL && all.length === 1 ? all[0].name : name;
    wantFine();
    render();
    overview.reveal(selected);
    const hash = encodeURIComponent(name);
    if (location.hash.slice(1) !== hash) location.hash = hash;
}

addEventListener("hashchange", () => select(named() ?? ALL));
// Without a change of the address, which is for the names of interfaces.
byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("detail").focus();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => change({}));
byId("unit").addEventListener("change", (event) => change({ unit: (event.target as HTMLInputElement).value === "packets" ? "packets" : "bits" }));
byId("theme").addEventListener("change", (event) => change({ theme: (event.target as HTMLSelectElement).value as Settings["theme"] }));
byId("interval").addEventListener("change", (event) => {
    change({ interval: Number((event.target as HTMLSelectElement).value) });
    feed.setInterval(settings.interval);
});
byId("shortcuts").addEventListener("change", (event) => change({ shortcuts: (event.target as HTMLInputElement).checked }));
byId("sort-name").addEventListener("click", () => change({ sort: "name" }));
byId("sort-rate").addEventListener("click", () => change({ sort: "rate" }));
byId("table").addEventListener("click", () => change({ table: !settings.table }));
byId("pause").addEventListener("click", togglePause);
byId("retry").addEventListener("click", () => feed.retryNow());
byId("help-button").addEventListener("click", () => byId<HTMLDialogElement>("help").showModal());
byId("help-close").addEventListener("click", () => byId<HTMLDialogElement>("help").close());

const THEMES: readonly Settings["theme"][] = ["auto", "light", "dark"];
new Keys(() => settings.shortcuts, {
    u: () => change({ unit: settings.unit === "bits" ? "packets" : "bits" }),
    p: togglePause,
    v: () => change({ table: !settings.table }),
    t: () => change({ theme: THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length] }),
    a: () => select(ALL),
    j: () => move(1),
    k: () => move(-1),
    "/": () => overview.focusFilter(),
    "?": () => byId<HTMLDialogElement>("help").showModal(),
});
byId("filter").addEventListener("keydown", (event) => {
    if (event.key === "Escape") overview.clearFilter();
});

function move(by: number): void {
    const names = overview.listed;
    if (!names.length) return;
    const at = names.indexOf(selected ?? ALL);
    select(names[at < 0 ? 0 : Math.max(0, Math.min(names.length - 1, at + by))]);
}

showSettings();
feed.start();
// Whatever needs the charts waits for them; the numbers do not.
import("./charts.js" as string).then(
    ({ Chart }: typeof import("./charts.ts")) => detail.attach((box) => new Chart(box)),
    () => setText(byId("total-chart"), "The charts could not be loaded: reload the page, or look at the tables."),
);
