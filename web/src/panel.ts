// SPDX-License-Identifier: BSD-2-Clause

import type { Area, Chart } from "./charts.ts";
import { element, setAttribute, setText } from "./dom.ts";
import { type Columns, SPAN } from "./history.ts";
import { column, type Group, NETWORKS, type Part, TOTAL, type Unit, VERSIONS } from "./parts.ts";
import { clock, rate, share, shortRate } from "./units.ts";
import { coarseWords } from "./words.ts";

/** Where a panel finds its numbers: of one interface or the sum of all. */
export interface Source {
    /** Of now, or of the moment that is pointed at. */
    rate(column: number): number;
    /** At a second of the clock. */
    at(column: number, second: number): number;
    /** The mean of the seconds from `begin` to before `end`. */
    mean(column: number, begin: number, end: number): number;
    /** The last second of the charts that is only known in coarse steps; null where none is. */
    coarseUntil(columns: Columns): number | null;
}

export interface ChartStyle {
    readonly color: (variable: string) => string;
    readonly font: string;
}

/** The seconds that the charts show. */
export function secondsUpTo(now: number): number[] {
    const end = Math.floor(now / 1000);
    return Array.from({ length: SPAN }, (_, i) => end - SPAN + 1 + i);
}

export function values(source: Source, column: number, seconds: readonly number[], factor: number): (number | null)[] {
    return seconds.map((second) => {
        const value = source.at(column, second);
        return Number.isNaN(value) ? null : value * factor;
    });
}

/** The means of the last 15 minutes as a table, the newest first: what the charts show, for those who do not see them. */
export function minutes(
    caption: string,
    heads: readonly string[],
    columns: readonly number[],
    units: readonly Unit[],
    source: Source,
    now: number,
): HTMLTableElement {
    const end = Math.floor(now / 1000) + 1;
    const body = element("tbody");
    for (let minute = 0; minute < SPAN / 60; minute++) {
        const begin = end - (minute + 1) * 60;
        const row = element("tr", {}, element("th", { scope: "row" }, clock(begin * 1000)));
        columns.forEach((at, i) => row.append(element("td", {}, shortRate(source.mean(at, begin, begin + 60), units[i]))));
        body.append(row);
    }
    const head = element("tr", {}, element("th", { scope: "col" }, "from"));
    for (const title of heads) head.append(element("th", { scope: "col" }, title));
    return element("table", { class: "minutes" }, element("caption", {}, caption), element("thead", {}, head), body);
}

interface Line {
    readonly part: number;
    readonly row: HTMLTableRowElement;
    readonly bar: HTMLElement;
    readonly rate: HTMLElement;
    readonly share: HTMLElement;
}

/** The lines of a group. Those of the IP versions have their network layers below them. */
function linesOf(group: Group): { part: number; of: Part; indented: boolean }[] {
    const lines = group.parts.map((of, i) => ({ part: group.first + i, of, indented: false }));
    if (group !== VERSIONS) return lines;
    const layer = (key: string) => {
        const i = NETWORKS.parts.findIndex((part) => part.key === key);
        const of = NETWORKS.parts[i];
        return { part: NETWORKS.first + i, of: { ...of, label: of.label.replace(/^IPv\d /, "") }, indented: true };
    };
    const [v4, v6, none] = lines;
    return [v4, layer("ipv4_fragment"), v6, layer("ipv6_fragment"), none, layer("arp"), layer("mpls"), layer("pppoe")];
}

/** One way to split the traffic: its parts now, as bars and numbers, and their last 15 minutes. */
export class Panel {
    readonly element: HTMLElement;
    private readonly lines: Line[];
    private readonly title = element("h2");
    private readonly coarse = element("p", { class: "coarse", hidden: true });
    private readonly figure = element("div", { class: "chart", "aria-hidden": "true" });
    private readonly table = element("div", { class: "minutes-box", tabindex: "0", role: "region", hidden: true });
    private chart: Chart | null = null;

    constructor(readonly group: Group) {
        const body = element("tbody");
        this.lines = linesOf(group).map(({ part, of, indented }) => {
            const swatch = element("span", { class: "swatch", "data-color": of.color });
            const name = element("th", { scope: "row", class: indented ? "indented" : "" }, ...(indented ? [] : [swatch]), of.label);
            if (of.hint) name.title = of.hint;
            const bar = element("span", { class: "bar", "data-color": of.color });
            const line = {
                part,
                bar,
                row: element("tr", { "data-part": indented ? `network-${of.key}` : of.key }),
                rate: element("td", { class: "rate" }),
                share: element("td", { class: "share" }),
            };
            line.row.append(name, element("td", { class: "bar-cell", "aria-hidden": "true" }, bar), line.rate, line.share);
            body.append(line.row);
            return line;
        });
        const [part, rateHead, shareHead] = ["Part", "Rate", "Share"].map((text) => element("th", { scope: "col" }, text));
        const head = element("tr", {}, part, element("td", { "aria-hidden": "true" }), rateHead, shareHead);
        const list = element("table", { class: "parts" }, element("caption", { class: "unseen" }, group.title), element("thead", { class: "unseen" }, head), body);
        this.title.title = group.hint;
        this.table.setAttribute("aria-label", `${group.title}, the last 15 minutes`);
        this.element = element("section", { class: "panel", "data-group": group.title.toLowerCase().replace(" ", "-") }, this.title, list, this.coarse, this.figure, this.table);
    }

    attach(make: (box: HTMLElement) => Chart): void {
        this.chart = make(this.figure);
    }

    /** The numbers of now, or of the moment that is pointed at. */
    showRates(source: Source, unit: Unit, when: string): void {
        setText(this.title, `${this.group.title}${when}`);
        const whole = source.rate(column(TOTAL, unit));
        for (const line of this.lines) {
            const value = source.rate(column(line.part, unit));
            const { number, unit: name } = rate(value, unit);
            setText(line.rate, number === "–" || number === "0" ? number : `${number} ${name.replace("packets", "p")}`);
            setText(line.share, value > 0 ? share(value, whole) : "");
            line.bar.style.inlineSize = whole > 0 && value > 0 ? `${Math.min(100, Math.max(0.5, (100 * value) / whole))}%` : "0";
            line.row.classList.toggle("nothing", !(value > 0));
        }
    }

    showHistory(source: Source, unit: Unit, now: number, asTable: boolean, style: ChartStyle, moved: (second: number | null) => void): void {
        setAttribute(this.figure, "hidden", asTable ? "hidden" : null);
        setAttribute(this.table, "hidden", asTable ? null : "hidden");
        showCoarse(this.coarse, asTable ? null : source.coarseUntil("parts"));
        if (asTable) {
            const columns = this.group.parts.map((_, i) => column(this.group.first + i, unit));
            this.table.replaceChildren(
                minutes(
                    `${this.group.title}: means of a minute`,
                    this.group.parts.map((part) => part.label),
                    columns,
                    columns.map(() => unit),
                    source,
                    now,
                ),
            );
            return;
        }
        const seconds = secondsUpTo(now);
        const areas: Area[] = this.group.parts
            .map((part, i) => ({
                label: part.label,
                color: style.color(part.color),
                values: values(source, column(this.group.first + i, unit), seconds, unit === "bits" ? 8 : 1),
            }))
            .filter((area) => area.values.some((value) => value !== null && value > 0));
        drawChart(this.chart, seconds, areas, style, false, moved);
    }

    point(second: number | null): void {
        this.chart?.point(second);
    }
}

/** Says above a chart where it is drawn in coarse steps, which would look like steps of the traffic. */
export function showCoarse(note: HTMLElement, until: number | null): void {
    setText(note, coarseWords(until));
    setAttribute(note, "hidden", until === null ? "hidden" : null);
}

export function drawChart(
    chart: Chart | null,
    seconds: readonly number[],
    areas: readonly Area[],
    style: ChartStyle,
    light: boolean,
    moved: (second: number | null) => void,
): void {
    chart?.show(seconds, areas, { ink: style.color("--faint"), grid: style.color("--grid"), font: style.font, light, moved });
}
