// SPDX-License-Identifier: BSD-2-Clause

import { History } from "./history.ts";
import { COLUMNS, column, TOTAL, type Unit } from "./parts.ts";
import { type Rates, ratesOf, sameCounter, sumOf } from "./rates.ts";
import type { Interface, Snapshot } from "./snapshot.ts";

/** One interface at one moment. A plain value. */
export interface Live {
    readonly name: string;
    /** None where no counter could be read. */
    readonly info: Interface | null;
    /** None where there is only one reading so far, or the counter began anew. */
    readonly rates: Rates | null;
    /** What is wrong; empty where all is well. */
    readonly problem: string;
    /** When its counter was last seen to begin anew, in milliseconds since 1970; 0 where it was not. */
    readonly restarted: number;
}

/** Everything at one moment. A plain value: a page that is paused holds on to one. */
export interface View {
    /** Milliseconds since 1970, by the clock of the machine that counts: all interfaces were read then or a little later. */
    readonly now: number;
    readonly all: readonly Live[];
    /** What all together receive; none in the second in which one began anew, came or went: it would look like less traffic. */
    readonly sum: Rates | null;
}

/** The name that stands for all interfaces: no interface can have it. */
export const ALL = "";

/** Modes in which nothing is counted, or not known to be. */
const NOT_COUNTING: Readonly<Record<string, string>> = {
    detached: "its counter was detached: nothing is counted any more",
    "other namespace": "the interface is in another network namespace",
};

export function isCounting(live: Live): boolean {
    return live.problem === "" && live.info !== null;
}

/** The rate that is shown first; NaN where none is known. */
export function totalRate(live: Live, unit: Unit): number {
    return live.rates ? live.rates[column(TOTAL, unit)] : NaN;
}

/** So long, in milliseconds, an interface that is away keeps its past: a counter that is attached anew may be missing for a snapshot. */
const AWAY = 30_000;

/** Turns snapshots into views, and keeps the history of each interface. */
export class Model {
    view: View | null = null;
    readonly histories = new Map<string, History>();
    /** Of all together. Its past stays as it was when interfaces come and go. */
    readonly total = new History();
    /** Those that were counted and are not, by name: their last reading, and when that was. */
    private readonly away = new Map<string, { readonly info: Interface; readonly at: number }>();
    /** Whether there was ever an interface. */
    sawAny = false;

    historyOf(name: string): History {
        let history = this.histories.get(name);
        if (!history) this.histories.set(name, (history = new History()));
        return history;
    }

    take(snapshot: Snapshot): void {
        const before = new Map(this.view?.all.map((live) => [live.name, live]));
        const all = snapshot.interfaces.map((info) => this.live(info, before.get(info.name), snapshot.problems.get(info.name) ?? ""));
        const read = new Set(all.map((live) => live.name));
        for (const [name, problem] of snapshot.problems) {
            if (!read.has(name)) all.push({ name, info: null, rates: null, problem: problem || "it could not be read", restarted: 0 });
        }
        all.sort((a, b) => compareNames(a.name, b.name));
        const taken = all.flatMap((live) => (live.info ? [live.info.taken] : []));
        const now = taken.length ? Math.min(...taken) : Date.now();
        const sum = wholeSum(all, before);
        if (this.view && sum && now > this.view.now) this.total.put(this.view.now, now, sum);
        this.view = { now, all, sum };
        this.sawAny ||= all.length > 0;
        for (const [name, live] of before) {
            if (live.info && !read.has(name)) this.away.set(name, { info: live.info, at: now });
        }
        for (const [name, { at }] of this.away) {
            if (read.has(name) || now - at > AWAY) this.away.delete(name);
        }
        // Interfaces come and go: containers make a new name each time.
        for (const name of this.histories.keys()) {
            if (!read.has(name) && !snapshot.problems.has(name) && !this.away.has(name)) this.histories.delete(name);
        }
    }

    private live(info: Interface, before: Live | undefined, problem: string): Live {
        const rates = before?.info ? ratesOf(before.info, info) : null;
        const last = this.away.get(info.name)?.info;
        let restarted = before?.info ? before.restarted : last && !sameCounter(last, info) ? info.taken : 0;
        if (before?.info && info.taken > before.info.taken) {
            if (rates) this.historyOf(info.name).put(before.info.taken, info.taken, rates);
            else restarted = info.taken;
        }
        // Two snapshots of one reading say nothing new.
        const current = before?.info && info.taken === before.info.taken ? before.rates : rates;
        return { name: info.name, info, rates: current, problem: problem || (NOT_COUNTING[info.mode] ?? ""), restarted };
    }
}

/** What all interfaces together receive; null where something is missing of one that has traffic. */
function wholeSum(all: readonly Live[], before: ReadonlyMap<string, Live>): Rates | null {
    const packets = column(TOTAL, "packets");
    const now = new Set(all.flatMap((live) => (live.info ? [live.name] : [])));
    for (const [name, live] of before) {
        if (!now.has(name) && live.rates && live.rates[packets] > 0) return null;
    }
    for (const live of all) {
        if (live.info && !live.rates && (before.get(live.name)?.info || (live.info.counters[packets] ?? 0n) > 0n)) return null;
    }
    const rates = all.flatMap((live) => (live.rates ? [live.rates] : []));
    return rates.length ? sumOf(rates, COLUMNS) : null;
}

/** What is shown: the only interface in place of the sum of it. */
export function shownName(selected: string, view: View): string {
    return selected === ALL && view.all.length === 1 ? view.all[0].name : selected;
}

const collator = new Intl.Collator("en", { numeric: true });

/** eth2 before eth10. */
export function compareNames(a: string, b: string): number {
    return collator.compare(a, b);
}
