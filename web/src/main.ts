// SPDX-License-Identifier: BSD-2-Clause

import { Detail } from "./detail.ts";
import { byId, setAttribute, setText } from "./dom.ts";
import { type Connection, Feed } from "./feed.ts";
import { takeHistory } from "./history.ts";
import { parseExact } from "./json.ts";
import { Keys } from "./keys.ts";
import { Overview } from "./overview.ts";
import { historyRequests, type HistoryRequest } from "./requests.ts";
import { metricsLink } from "./server.ts";
import { loadSettings, saveSettings, type Settings } from "./settings.ts";
import { readSnapshot } from "./snapshot.ts";
import { ALL, Model, shownName, type View } from "./state.ts";
import { applyTheme } from "./theme.ts";
import { clock } from "./units.ts";
import { idleWords } from "./words.ts";

const settings: Settings = loadSettings();
const model = new Model();
const detail = new Detail();
const overview = new Overview(() => render());
let connection: Connection = { state: "connecting" };
/** What is shown while the page is paused. */
let frozen: View | null = null;
let selected: string | null = null;
let drawing = false;
/** The history that was asked for in this connection. */
const asked = new Set<string>();

const feed = new Feed(
    {
        snapshot(document) {
            model.take(readSnapshot(document));
            if (frozen) return;
            chooseFirst();
            render();
        },
        history(document, { interfaces, seconds }) {
            const total = interfaces.length ? null : { history: model.total, gapsOnly: seconds !== undefined };
            takeHistory(document, (name) => model.historyOf(name), total);
            render();
        },
        connection(state) {
            connection = state;
            showConnection();
            showRetry();
        },
        historyWanted() {
            asked.clear();
            return wanted();
        },
    },
    settings.interval,
);

/** The history of what is shown that was not asked for yet. */
function wanted(): HistoryRequest[] {
    const view = frozen ?? model.view;
    if (!view || selected === null) return [];
    const names = view.all.map((live) => live.name);
    return historyRequests(shownName(selected, view), names, asked);
}

/** What the address names; else all. */
function chooseFirst(): void {
    if (selected !== null || !model.view) return;
    selected = named() ?? ALL;
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
        const shown = shownName(selected, view);
        overview.show(view, model, settings, shown);
        detail.show(view, model, settings, shown);
        showConnection();
        const time = byId<HTMLTimeElement>("clock");
        setText(time, clock(view.now));
        time.dateTime = new Date(view.now).toISOString();
    });
}

function showConnection(): void {
    const view = frozen ?? model.view;
    const idle = connection.state === "live" && view ? idleWords(view) : "";
    const state = connection.state !== "live" ? connection.state : frozen ? "paused" : idle ? "idle" : "live";
    const words = { connecting: "connecting", live: "live", idle, paused: "paused", lost: "connection lost" }[state];
    const status = byId("status");
    if (status.className !== state) status.className = state;
    setText(byId("status-text"), words);
    setAttribute(byId("lost"), "hidden", connection.state === "lost" ? null : "hidden");
    document.title = connection.state === "lost" ? "connection lost · xdpstat" : "xdpstat";
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
    selected = name;
    for (const request of wanted()) void feed.fetchHistory(request);
    render();
    overview.reveal(name);
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
byId("help-button").addEventListener("click", showHelp);
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
    "?": showHelp,
});
byId("filter").addEventListener("keydown", (event) => {
    if (event.key === "Escape") overview.clearFilter();
});

/** Where the metrics are only the server knows, and only who opens the help asks. */
function showHelp(): void {
    byId<HTMLDialogElement>("help").showModal();
    const link = byId<HTMLAnchorElement>("metrics-link");
    if (!link.hidden) return;
    fetch("api/v1/server")
        .then(async (answer) => (answer.ok ? metricsLink(parseExact(await answer.text())) : null))
        .then(
            (found) => {
                if (!found) return;
                link.textContent = found.path;
                link.href = found.href;
                link.hidden = false;
            },
            () => {
                // Then there is no link, and the page says elsewhere that the connection is lost.
            },
        );
}

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
