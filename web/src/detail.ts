// SPDX-License-Identifier: BSD-2-Clause

import type { Chart } from "./charts.ts";
import { byId, element, setAttribute, setText } from "./dom.ts";
import { type History, SPAN } from "./history.ts";
import { CHARTED, column, TOTAL, type Unit } from "./parts.ts";
import { type ChartStyle, drawChart, minutes, Panel, secondsUpTo, showCoarse, type Source, values } from "./panel.ts";
import type { Rates } from "./rates.ts";
import type { Settings } from "./settings.ts";
import { ALL, type Live, type Model, type View } from "./state.ts";
import { bytes, clock, digits, duration, rate } from "./units.ts";
import { nothingTitle, sumNotes, sumWords } from "./words.ts";

const HEADLINES: readonly (readonly [name: string, label: string, hint?: string])[] = [
    ["total_packets", "packets"],
    ["total_bytes", "bytes"],
    ["tcp_packets", "TCP"],
    ["udp_packets", "UDP"],
    ["icmp_packets", "ICMP"],
    // Not "other", which the protocols have too, and which is less there.
    ["other_packets", "none of the three", "Packets of SCTP, GRE, IPsec and every other protocol, what is not IP, and what is truncated"],
    ["ipv4_packets", "IPv4"],
    ["ipv6_packets", "IPv6"],
];

const NOTES: Readonly<Record<string, string>> = {
    generic: "Generic mode: frames are counted when the network stack has them, not in the driver. Counts are right, and cost more.",
    unknown: "How it is attached is not known: the server may not open its link.",
};

/** One interface, or all together, in full. */
export class Detail {
    private readonly panels = CHARTED.map((group) => new Panel(group));
    private readonly total = byId("total-chart");
    private readonly totalTable = byId("total-minutes");
    private chart: Chart | null = null;
    /** Seconds before now that is pointed at; null where nothing is. */
    private ago: number | null = null;
    private byKeyboard = false;
    private shown: { view: View; model: Model; settings: Settings; selected: string } | null = null;

    constructor() {
        byId("panels").append(...this.panels.map((panel) => panel.element));
        this.total.addEventListener("keydown", (event) => this.key(event));
        this.total.addEventListener("blur", () => this.byKeyboard && this.point(null));
        byId("detail").addEventListener("pointermove", () => (this.byKeyboard = false));
        // Colours are set by script, since the policy of the page allows no style in its text.
        for (const colored of document.querySelectorAll<HTMLElement>("[data-color]")) {
            colored.style.backgroundColor = `var(${colored.dataset["color"]})`;
        }
    }

    /** Called when the library of the charts is there. */
    attach(make: (box: HTMLElement) => Chart): void {
        this.chart = make(this.total);
        for (const panel of this.panels) panel.attach(make);
        this.refresh();
    }

    show(view: View, model: Model, settings: Settings, selected: string): void {
        this.shown = { view, model, settings, selected };
        this.refresh();
    }

    private refresh(): void {
        if (!this.shown) return;
        const { view, settings, selected } = this.shown;
        const live = view.all.find((candidate) => candidate.name === selected) ?? null;
        this.showFacts(view, live);
        const empty = !view.all.length;
        setAttribute(byId("nothing"), "hidden", empty ? null : "hidden");
        for (const part of ["total", "panels", "counters"]) setAttribute(byId(part), "hidden", empty ? "hidden" : null);
        if (empty) return;
        this.showTotals(live ? [live] : view.all);
        const source = this.source();
        this.showRates();

        const table = settings.table;
        byId("panels").classList.toggle("tables", table);
        showCoarse(byId("total-coarse"), table ? null : source.coarseUntil("total"));
        setAttribute(this.total, "hidden", table ? "hidden" : null);
        setAttribute(this.totalTable, "hidden", table ? null : "hidden");
        const style = this.style();
        if (table) {
            const columns = [column(TOTAL, "bits"), column(TOTAL, "packets")];
            this.totalTable.replaceChildren(minutes("Traffic: means of a minute", ["bits", "packets"], columns, ["bits", "packets"], source, view.now));
        } else {
            const seconds = secondsUpTo(view.now);
            const unit = settings.unit;
            const areas = [{ label: unit, color: style.color("--accent"), values: values(source, column(TOTAL, unit), seconds, unit === "bits" ? 8 : 1) }];
            drawChart(this.chart, seconds, areas, style, true, this.moved);
        }
        for (const panel of this.panels) {
            panel.showHistory(source, this.unitOf(live), view.now, table, style, this.moved);
        }
    }

    /** Without a breakdown there are packets of a protocol, and no bytes. */
    private unitOf(live: Live | null): Unit {
        return live?.info && !live.info.breakdown ? "packets" : this.shown!.settings.unit;
    }

    private history(): History {
        const { model, selected } = this.shown!;
        return selected === ALL ? model.total : model.historyOf(selected);
    }

    private source(): Source {
        const { view, selected } = this.shown!;
        const live = view.all.find((candidate) => candidate.name === selected);
        const rates: Rates | null = selected === ALL ? view.sum : (live?.rates ?? null);
        const history = this.history();
        const end = Math.floor(view.now / 1000);
        const second = end - (this.ago ?? 0);
        return {
            rate: (at) => (this.ago === null ? (rates?.[at] ?? NaN) : history.at(at, second)),
            at: (at, when) => history.at(at, when),
            mean: (at, from, to) => history.mean(at, from, to),
            coarseUntil: (columns) => history.coarseUntil(columns, end + 1 - SPAN, end + 1),
        };
    }

    private showRates(): void {
        const { view, settings, selected } = this.shown!;
        const live = view.all.find((candidate) => candidate.name === selected) ?? null;
        const source = this.source();
        const when = this.ago === null ? "" : ` at ${clock(view.now - this.ago * 1000)}`;
        const [packets, octets] = [source.rate(column(TOTAL, "packets")), source.rate(column(TOTAL, "bits"))];
        for (const [unit, value] of [["packets", packets], ["bits", octets]] as const) {
            const quantity = rate(value, unit);
            setText(byId(`now-${unit}`), quantity.number);
            setText(byId(`now-${unit}-unit`), quantity.unit);
        }
        setText(byId("now-mean"), packets > 0 ? (octets / packets).toFixed(0) : "–");
        setText(byId("moment"), when ? when.slice(1) : "now");
        byId("now").classList.toggle("past", this.ago !== null);
        setText(byId("total-title"), settings.unit === "bits" ? "Bits a second" : "Packets a second");
        for (const panel of this.panels) panel.showRates(source, this.unitOf(live), when);

        const text = rate(source.rate(column(TOTAL, settings.unit)), settings.unit);
        setAttribute(this.total, "aria-valuenow", String(-(this.ago ?? 0)));
        setAttribute(this.total, "aria-valuetext", `${when ? when.slice(4) : "now"}: ${text.number} ${text.unit}`);
    }

    private showFacts(view: View, live: Live | null): void {
        const info = live?.info ?? null;
        const several = !live && this.shown!.selected === ALL;
        const empty = !view.all.length;
        setText(byId("title"), empty ? nothingTitle(this.shown!.model.sawAny) : live ? live.name : several ? "All interfaces" : this.shown!.selected);
        const facts: string[] = [];
        if (info) {
            facts.push(`${info.mode} mode`);
            if (info.layout) facts.push(info.layout === "percpu" ? "a slot for each CPU" : "one shared slot");
            facts.push(`counting for ${duration(info.taken - Date.parse(info.since))}`);
            if (info.programTag) facts.push(`program ${info.programTag}`);
        } else if (several) {
            facts.push(sumWords(view));
        }
        setText(byId("facts"), facts.join(" · "));
        const gone = !live && !several;
        const restarted = live?.restarted && view.now - live.restarted < SPAN * 1000 ? `The counter began anew at ${clock(live.restarted)}.` : "";
        const notes = gone
            ? `No interface ${this.shown!.selected} is counted here: its counter was taken away, or there is none of that name.`
            : several
              ? sumNotes(view)
              : [live?.problem ?? "", info ? (NOTES[info.mode] ?? "") : "", restarted, info && !info.breakdown ? "It counts without the breakdown: protocols in packets alone, and no sizes." : ""]
                  .filter(Boolean)
                  .join(" ");
        const notice = byId("notice");
        setText(notice, notes);
        notice.className = gone || live?.problem ? "bad" : info?.mode === "generic" || (several && notes) ? "warn" : "";
        setAttribute(notice, "hidden", notes ? null : "hidden");
    }

    /** The counters themselves, with every digit. */
    private showTotals(all: readonly Live[]): void {
        const body = byId("totals");
        if (!body.childElementCount) {
            for (const [name, label, hint = ""] of HEADLINES) {
                body.append(element("div", { title: hint || false }, element("dt", {}, label), element("dd", { "data-counter": name })));
            }
        }
        for (const cell of body.querySelectorAll<HTMLElement>("dd")) {
            const counted = all.flatMap((live) => live.info?.stats.get(cell.dataset["counter"]!) ?? []);
            const sum = counted.reduce((total, value) => total + value, 0n);
            setText(cell, counted.length ? digits(sum) : "–");
            if (cell.dataset["counter"] === "total_bytes") cell.title = bytes(Number(sum));
        }
    }

    private style(): ChartStyle {
        const computed = getComputedStyle(document.documentElement);
        const scale = parseFloat(computed.fontSize) / 16;
        return {
            color: (variable) => computed.getPropertyValue(variable).trim(),
            font: `${Math.round(11 * scale)}px ${getComputedStyle(document.body).fontFamily}`,
        };
    }

    private readonly moved = (second: number | null): void => {
        if (!this.shown || this.byKeyboard) return;
        this.setAgo(second === null ? null : Math.floor(this.shown.view.now / 1000) - second);
    };

    private setAgo(ago: number | null): void {
        if (ago === this.ago) return;
        this.ago = ago;
        if (this.shown) this.showRates();
    }

    /** Points at a moment in all charts, by keyboard. */
    private point(ago: number | null): void {
        this.setAgo(ago);
        const second = ago === null ? null : Math.floor((this.shown?.view.now ?? 0) / 1000) - ago;
        this.chart?.point(second);
        for (const panel of this.panels) panel.point(second);
    }

    private key(event: KeyboardEvent): void {
        const ago = this.ago ?? 0;
        const step = event.shiftKey ? 60 : 5;
        const to: Record<string, number | null> = {
            ArrowLeft: ago + step,
            ArrowDown: ago + step,
            ArrowRight: ago - step,
            ArrowUp: ago - step,
            PageDown: ago + 60,
            PageUp: ago - 60,
            Home: SPAN - 1,
            End: 0,
            Escape: null,
        };
        const wanted = to[event.key];
        if (wanted === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        event.stopPropagation();
        this.byKeyboard = true;
        this.point(wanted === null ? null : Math.max(0, Math.min(SPAN - 1, wanted)));
    }
}
