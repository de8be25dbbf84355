// SPDX-License-Identifier: BSD-2-Clause

import { byId, element, setAttribute, setText } from "./dom.ts";
import { type History, SPAN } from "./history.ts";
import { column, TOTAL, type Unit } from "./parts.ts";
import type { Settings } from "./settings.ts";
import { ALL, isCounting, type Live, type Model, totalRate, type View } from "./state.ts";
import { shortRate } from "./units.ts";
import { emptyList } from "./words.ts";

const POINTS = 60;
const STEP = SPAN / POINTS;
const [WIDTH, HEIGHT] = [120, 22];
/** A list by rate that changes its order each second cannot be read. */
const CALM = 10;

export type Kind = "all" | "generic" | "problem";

const SVG = "http://www.w3.org/2000/svg";

/** The last 15 minutes as the path of a line and of the area below it, in a box of WIDTH times HEIGHT. */
function sparkline(history: History, unit: Unit, now: number): [string, string] {
    const end = Math.floor(now / 1000 / STEP) * STEP;
    const values: number[] = [];
    for (let i = 0; i < POINTS; i++) {
        const begin = end - (POINTS - 1 - i) * STEP;
        values.push(history.mean(column(TOTAL, unit), begin, begin + STEP));
    }
    const most = Math.max(...values.filter((value) => !Number.isNaN(value)), 0);
    let line = "";
    let area = "";
    let from = "";
    values.forEach((value, i) => {
        if (Number.isNaN(value)) {
            from = "";
            return;
        }
        const x = ((i / (POINTS - 1)) * WIDTH).toFixed(1);
        const y = (HEIGHT - 1 - (most > 0 ? (value / most) * (HEIGHT - 3) : 0)).toFixed(1);
        line += `${from ? "L" : "M"}${x} ${y}`;
        area += from ? `L${x} ${y}` : `M${x} ${HEIGHT}L${x} ${y}`;
        from = x;
        if (i + 1 === POINTS || Number.isNaN(values[i + 1])) area += `L${x} ${HEIGHT}Z`;
    });
    return [line, area];
}

/** A row of the list of interfaces. */
class Row {
    readonly element: HTMLTableRowElement;
    readonly link: HTMLAnchorElement;
    private readonly badge = element("span", { class: "badge" });
    private readonly rate = element("td", { class: "rate" });
    private readonly other = element("td", { class: "rate other-unit" });
    private readonly line: SVGPathElement;
    private readonly area: SVGPathElement;

    constructor(readonly name: string) {
        this.link = element("a", { href: `#${encodeURIComponent(name)}` }, name || "All interfaces");
        const svg = document.createElementNS(SVG, "svg");
        svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
        svg.setAttribute("preserveAspectRatio", "none");
        svg.setAttribute("aria-hidden", "true");
        this.area = document.createElementNS(SVG, "path");
        this.area.setAttribute("class", "area");
        this.line = document.createElementNS(SVG, "path");
        this.line.setAttribute("class", "line");
        svg.append(this.area, this.line);
        const head = element("th", { scope: "row" }, element("span", { class: "name" }, this.link), this.badge);
        this.element = element("tr", {}, head, element("td", { class: "spark" }, svg), this.rate, this.other);
        // The whole row is the target of a finger; the link in it is that of the keyboard.
        this.element.addEventListener("click", (event) => {
            if (event.target !== this.link) this.link.click();
        });
    }

    show(live: Live | null, rates: { packets: number; bits: number }, unit: Unit, selected: boolean): void {
        const problem = live?.problem ?? "";
        setText(this.rate, problem ? "" : shortRate(rates[unit], unit));
        const otherUnit = unit === "bits" ? "packets" : "bits";
        setText(this.other, problem ? "" : shortRate(rates[otherUnit], otherUnit));
        const mode = live?.info?.mode ?? "";
        const badge = problem ? (live?.info ? mode : "failed") : mode === "native" ? "" : mode;
        setText(this.badge, badge);
        this.badge.className = `badge ${problem ? "bad" : mode === "generic" || mode === "unknown" ? "warn" : "plain"}`;
        this.element.classList.toggle("quiet", !(rates.packets > 0));
        setAttribute(this.element, "title", problem || null);
        setAttribute(this.link, "aria-current", selected ? "true" : null);
    }

    draw(history: History, unit: Unit, now: number): void {
        const [line, area] = sparkline(history, unit, now);
        setAttribute(this.line, "d", line);
        setAttribute(this.area, "d", area);
    }
}

/** The list of all interfaces: what each receives now, and where one of them is chosen. */
export class Overview {
    private readonly rows = new Map<string, Row>();
    private readonly body = byId("interfaces");
    private readonly filter = byId<HTMLInputElement>("filter");
    private readonly kinds = byId("kinds");
    private readonly empty = byId("no-match");
    private kind: Kind = "all";
    private order: string[] = [];

    constructor(private readonly changed: () => void) {
        this.filter.addEventListener("input", changed);
        this.kinds.addEventListener("click", (event) => {
            const kind = (event.target as Element).closest("button")?.dataset["kind"] as Kind | undefined;
            if (!kind) return;
            this.kind = kind;
            changed();
        });
    }

    /** The names as they are listed now. */
    get listed(): readonly string[] {
        return this.order;
    }

    focusFilter(): void {
        this.filter.focus();
        this.filter.select();
    }

    clearFilter(): void {
        this.filter.value = "";
        this.filter.blur();
        this.changed();
    }

    reveal(name: string): void {
        this.rows.get(name)?.element.scrollIntoView({ block: "nearest" });
    }

    show(view: View, model: Model, settings: Settings, selected: string): void {
        const several = view.all.length > 1;
        this.showKinds(view);
        setAttribute(byId("tools"), "hidden", view.all.length > 5 || this.filter.value ? null : "");
        const shown = this.chosen(view, model, settings);
        const names = several && !this.filter.value && this.kind === "all" ? [ALL, ...shown.map((live) => live.name)] : shown.map((live) => live.name);
        this.arrange(names);
        setAttribute(this.empty, "hidden", names.length ? "hidden" : null);
        setText(this.empty, emptyList(view, model.sawAny));
        for (const part of [this.kinds, byId("interface-table")]) setAttribute(part, "hidden", view.all.length ? null : "hidden");

        for (const name of names) {
            const row = this.rows.get(name)!;
            const live = shown.find((candidate) => candidate.name === name) ?? null;
            const rates = live ? live.rates : view.sum;
            row.show(
                live,
                { packets: rates?.[column(TOTAL, "packets")] ?? NaN, bits: rates?.[column(TOTAL, "bits")] ?? NaN },
                settings.unit,
                name === selected,
            );
            row.draw(name === ALL ? model.total : model.historyOf(name), settings.unit, view.now);
        }
        setText(byId("rate-head"), settings.unit === "bits" ? "bits/s" : "packets/s");
        setText(byId("other-head"), settings.unit === "bits" ? "packets/s" : "bits/s");
        setAttribute(byId("sort-name").parentElement!, "aria-sort", settings.sort === "name" ? "ascending" : null);
        setAttribute(byId("sort-rate").parentElement!, "aria-sort", settings.sort === "rate" ? "descending" : null);
    }

    private chosen(view: View, model: Model, settings: Settings): Live[] {
        const wanted = this.filter.value.trim().toLowerCase();
        const shown = view.all.filter((live) => live.name.toLowerCase().includes(wanted) && this.isOfKind(live, this.kind));
        if (settings.sort === "rate") {
            const end = Math.floor(view.now / 1000) + 1;
            const calm = (live: Live) => {
                const mean = model.historyOf(live.name).mean(column(TOTAL, settings.unit), end - CALM, end);
                return Number.isNaN(mean) ? totalRate(live, settings.unit) || 0 : mean;
            };
            const keys = new Map(shown.map((live) => [live, calm(live)]));
            shown.sort((a, b) => keys.get(b)! - keys.get(a)!);
        }
        return shown;
    }

    private isOfKind(live: Live, kind: Kind): boolean {
        return kind === "all" || (kind === "generic" ? live.info?.mode === "generic" : !isCounting(live));
    }

    /** How many there are of each kind, which are at the same time the filters for it. */
    private showKinds(view: View): void {
        for (const button of this.kinds.querySelectorAll("button")) {
            const kind = button.dataset["kind"] as Kind;
            const count = view.all.filter((live) => this.isOfKind(live, kind)).length;
            setText(button.querySelector("b")!, String(count));
            // A filter that is on stays, so that it can be switched off.
            setAttribute(button, "hidden", count || kind === "all" || kind === this.kind ? null : "hidden");
            setAttribute(button, "aria-pressed", String(kind === this.kind));
        }
    }

    /** Puts the rows into an order, and touches nothing where they are in it. */
    private arrange(names: readonly string[]): void {
        if (names.length === this.order.length && names.every((name, i) => name === this.order[i])) return;
        const focused = document.activeElement;
        for (const [name, row] of this.rows) {
            if (!names.includes(name)) {
                row.element.remove();
                this.rows.delete(name);
            }
        }
        for (const name of names) {
            let row = this.rows.get(name);
            if (!row) this.rows.set(name, (row = new Row(name)));
            this.body.append(row.element);
        }
        this.order = [...names];
        // An element that is moved loses the focus.
        if (focused instanceof HTMLElement && focused.isConnected && focused !== document.activeElement) focused.focus();
    }
}
