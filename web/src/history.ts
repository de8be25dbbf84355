// SPDX-License-Identifier: BSD-2-Clause

import { exact, field, list, text } from "./json.ts";
import { type Group, HISTORY_COLUMNS, PROTOCOLS, SIZES, TOTAL, VERSIONS } from "./parts.ts";
import { type Rates, ratesBetween } from "./rates.ts";

/** How far the charts look back. */
export const SPAN = 15 * 60;
/** As long again is kept, so that a page that was paused can go on showing what it showed. */
export const KEPT = 2 * SPAN;

/** The rates of one interface, a slot for each second of the clock. */
export class History {
    /** The newest second that was written. */
    private last = -Infinity;
    private readonly slots = new Map<number, Float32Array>();

    /** Notes the rates between two moments, in milliseconds since 1970; or only where nothing is known yet. */
    put(from: number, to: number, rates: Rates, onlyGaps = false): void {
        const end = Math.floor(to / 1000);
        if (end > this.last) {
            this.forget(Math.max(this.last + 1, end - KEPT + 1), end);
            this.last = end;
        }
        const begin = Math.max(Math.floor(from / 1000) + 1, this.last - KEPT + 1);
        for (let i = 0; i < HISTORY_COLUMNS; i++) {
            const known = !Number.isNaN(rates[i]);
            if (!known && !this.slots.has(i)) continue;
            const slots = this.column(i);
            for (let second = begin; second <= end; second++) {
                if (!onlyGaps || Number.isNaN(slots[second % KEPT])) slots[second % KEPT] = rates[i];
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

    private column(i: number): Float32Array {
        let slots = this.slots.get(i);
        if (!slots) this.slots.set(i, (slots = new Float32Array(KEPT).fill(NaN)));
        return slots;
    }

    private forget(begin: number, end: number): void {
        for (const slots of this.slots.values()) {
            for (let second = begin; second <= end; second++) slots[second % KEPT] = NaN;
        }
    }
}

/** The rates of several interfaces at a second, summed; NaN where none is known. */
export function sumAt(histories: readonly History[], column: number, second: number): number {
    let sum = NaN;
    for (const history of histories) {
        const rate = history.at(column, second);
        if (!Number.isNaN(rate)) sum = (Number.isNaN(sum) ? 0 : sum) + rate;
    }
    return sum;
}

/** The same for the mean of some seconds. */
export function sumOfMeans(histories: readonly History[], column: number, begin: number, end: number): number {
    let sum = NaN;
    for (const history of histories) {
        const rate = history.mean(column, begin, end);
        if (!Number.isNaN(rate)) sum = (Number.isNaN(sum) ? 0 : sum) + rate;
    }
    return sum;
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

/**
 * Takes a history document, which parseExact() read, into the histories by name that `of` gives. One with a row for some
 * seconds fills what is not known better.
 */
export function takeHistory(document: unknown, of: (name: string) => History): void {
    const onlyGaps = Number(field(document, "step")) > 1;
    for (const entry of list(field(document, "interfaces"))) {
        const history = of(text(field(entry, "interface")));
        const times = list(field(entry, "time"));
        const columns = columnsOf(entry);
        const row = (at: number) => columns.map((values) => exact(values[at]));
        let before = row(0);
        for (let i = 1; i < times.length; i++) {
            const after = row(i);
            const [from, to] = [Number(times[i - 1]), Number(times[i])];
            const rates = ratesBetween(before, after, to - from);
            if (rates) history.put(from, to, rates, onlyGaps);
            before = after;
        }
    }
}
