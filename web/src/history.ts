// SPDX-License-Identifier: BSD-2-Clause

import { exact, field, list, text } from "./json.ts";
import { type Group, HISTORY_COLUMNS, PROTOCOLS, SIZES, TOTAL, VERSIONS } from "./parts.ts";
import { type Rates, ratesBetween } from "./rates.ts";

/** How far the charts look back. */
export const SPAN = 15 * 60;
/** As long again is kept, so that a page that was paused can go on showing what it showed. */
export const KEPT = 2 * SPAN;

/** Where an interface has no rate for so many seconds or fewer, it was not away: something is missing of it. */
const BREAK = 30;

/**
 * How rates are put: over what is there; only where nothing is known; or that as the mean of a step so long that it is to be
 * marked.
 */
export type Fill = "all" | "gaps" | "coarse";

/** What may be known by the second, or only in coarse steps. */
export type Columns = "total" | "parts";

const BITS = { total: 1, parts: 2 } as const;
const PACKETS = 2 * TOTAL;

/** The rates of one interface, or of the sum of all, a slot for each second of the clock. */
export class History {
    /** The newest second that was written. */
    private last = -Infinity;
    private readonly slots = new Map<number, Float32Array>();
    /** In which seconds the totals and the parts are the mean of a coarse step: BITS. */
    private readonly coarse = new Uint8Array(KEPT);

    /** Notes the rates between two moments, in milliseconds since 1970; what is not known of them changes nothing. */
    put(from: number, to: number, rates: Rates, fill: Fill = "all"): void {
        const end = Math.floor(to / 1000);
        if (end > this.last) {
            this.forget(Math.max(this.last + 1, end - KEPT + 1), end);
            this.last = end;
        }
        const begin = Math.max(Math.floor(from / 1000) + 1, this.last - KEPT + 1);
        for (let i = 0; i < HISTORY_COLUMNS; i++) {
            if (Number.isNaN(rates[i])) continue;
            const slots = this.column(i);
            const bit = BITS[i >> 1 === TOTAL ? "total" : "parts"];
            for (let second = begin; second <= end; second++) {
                const at = second % KEPT;
                if (fill !== "all" && !Number.isNaN(slots[at])) continue;
                slots[at] = rates[i];
                if (fill === "all") this.coarse[at] &= ~bit;
                else if (fill === "coarse") this.coarse[at] |= bit;
            }
        }
    }

    /** The rate at a second of the clock; NaN where it is not known. */
    at(column: number, second: number): number {
        if (second > this.last || second <= this.last - KEPT) return NaN;
        return this.slots.get(column)?.[second % KEPT] ?? NaN;
    }

    /** The mean of what is known of the seconds from `begin` to before `end`. */
    mean(column: number, begin: number, end: number): number {
        let sum = 0;
        let known = 0;
        for (let second = begin; second < end; second++) {
            const rate = this.at(column, second);
            if (!Number.isNaN(rate)) {
                sum += rate;
                known++;
            }
        }
        return known ? sum / known : NaN;
    }

    /** The last of the seconds from `begin` to before `end` that is only the mean of a coarse step; null where none is. */
    coarseUntil(columns: Columns, begin: number, end: number): number | null {
        for (let second = Math.min(end - 1, this.last); second >= begin && second > this.last - KEPT; second--) {
            if (this.coarse[second % KEPT] & BITS[columns]) return second;
        }
        return null;
    }

    /** Whether anything is known of a column. */
    has(column: number): boolean {
        return this.slots.has(column);
    }

    private column(i: number): Float32Array {
        let slots = this.slots.get(i);
        if (!slots) this.slots.set(i, (slots = new Float32Array(KEPT).fill(NaN)));
        return slots;
    }

    private forget(begin: number, end: number): void {
        for (let second = begin; second <= end; second++) this.coarse[second % KEPT] = 0;
        for (const slots of this.slots.values()) {
            for (let second = begin; second <= end; second++) slots[second % KEPT] = NaN;
        }
    }
}

/**
 * The seconds from `begin` to before `end` in which something is missing of an interface that had traffic before or after: a sum
 * without it would look like less traffic. One that came or went is missing in that second alone.
 */
function incomplete(history: History, begin: number, end: number, missing: Uint8Array): void {
    const known = (second: number) => !Number.isNaN(history.at(PACKETS, second));
    const busy = (second: number) => second >= begin && second < end && history.at(PACKETS, second) > 0;
    for (let from = begin; from < end; from++) {
        if (known(from)) continue;
        let to = from + 1;
        while (to < end && !known(to)) to++;
        if (to < end && to - from <= BREAK && (busy(from - 1) || busy(to))) {
            missing.fill(1, from - begin, to - begin);
        } else {
            if (busy(from - 1)) missing[from - begin] = 1;
            if (busy(to)) missing[to - 1 - begin] = 1;
        }
        from = to;
    }
}

/** Puts the sum of several interfaces into the history of the sum, for the seconds from `begin` to before `end`: a gap where it is not whole. */
export function putSum(total: History, all: readonly History[], begin: number, end: number, fill: Fill): void {
    const missing = new Uint8Array(end - begin);
    for (const history of all) incomplete(history, begin, end, missing);
    const columns = Array.from({ length: HISTORY_COLUMNS }, (_, i) => all.filter((history) => history.has(i)));
    const rates = new Float64Array(HISTORY_COLUMNS);
    for (let second = begin; second < end; second++) {
        if (missing[second - begin]) continue;
        columns.forEach((having, i) => {
            let sum = NaN;
            for (const history of having) {
                const rate = history.at(i, second);
                if (!Number.isNaN(rate)) sum = (Number.isNaN(sum) ? 0 : sum) + rate;
            }
            rates[i] = sum;
        });
        total.put((second - 1) * 1000, second * 1000, rates, fill);
    }
}

type Column = readonly unknown[];

/** The columns of numbers of one interface of a history document, in the order of all columns. */
function columnsOf(entry: unknown): readonly Column[] {
    const stats = field(entry, "stats");
    const traffic = field(entry, "traffic");
    const columns: Column[] = new Array(HISTORY_COLUMNS).fill([]);
    columns[2 * TOTAL] = list(field(stats, "total_packets"));
    columns[2 * TOTAL + 1] = list(field(stats, "total_bytes"));
    const put = (group: Group, by: string) =>
        group.parts.forEach(({ key }, i) => {
            const cell = field(field(traffic, by), key);
            columns[2 * (group.first + i)] = list(field(cell, "packets"));
            columns[2 * (group.first + i) + 1] = list(field(cell, "bytes"));
        });
    if (traffic) {
        put(PROTOCOLS, "by_transport");
        put(VERSIONS, "by_ip_version");
        put(SIZES, "by_size");
        return columns;
    }
    PROTOCOLS.parts.forEach(({ key }, i) => (columns[2 * (PROTOCOLS.first + i)] = list(field(stats, `${key}_packets`))));
    columns[2 * VERSIONS.first] = list(field(stats, "ipv4_packets"));
    columns[2 * (VERSIONS.first + 1)] = list(field(stats, "ipv6_packets"));
    return columns;
}

/** Where a history document is of all interfaces: the sum, and whether it says more than what is known of it. */
export interface TotalFill {
    readonly history: History;
    readonly gapsOnly: boolean;
}

/**
 * Takes a history document, which parseExact() read, into the histories by name that `of` gives. One with a row for some
 * seconds fills what is not known better.
 */
export function takeHistory(document: unknown, of: (name: string) => History, total: TotalFill | null = null): void {
    const fill = Number(field(document, "step")) > 1 ? "coarse" : "all";
    const read: History[] = [];
    let [begin, end] = [Infinity, -Infinity];
    for (const entry of list(field(document, "interfaces"))) {
        const history = of(text(field(entry, "interface")));
        // As it is in this document alone: what the page knows of one interface and not of another is no sum.
        const own = new History();
        read.push(own);
        const times = list(field(entry, "time"));
        const columns = columnsOf(entry);
        const row = (at: number) => columns.map((values) => exact(values[at]));
        let before = row(0);
        for (let i = 1; i < times.length; i++) {
            const after = row(i);
            const [from, to] = [Number(times[i - 1]), Number(times[i])];
            const rates = ratesBetween(before, after, to - from);
            if (rates) {
                history.put(from, to, rates, fill);
                if (total) own.put(from, to, rates);
                begin = Math.min(begin, Math.floor(from / 1000) + 1);
                end = Math.max(end, Math.floor(to / 1000) + 1);
            }
            before = after;
        }
    }
    if (total && begin < end) putSum(total.history, read, Math.max(begin, end - KEPT), end, total.gapsOnly && fill === "all" ? "gaps" : fill);
}
