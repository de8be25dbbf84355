// SPDX-License-Identifier: BSD-2-Clause

import type { Counters, Interface } from "./snapshot.ts";

/** What a column grew by in a second; NaN where that is not known. */
export type Rates = Float64Array;

/**
 * The rates between two readings of the same counters; null where one of them went backwards, which only a counter
 * that began anew does: then nothing is known of the time between.
 */
export function ratesBetween(before: Counters, after: Counters, milliseconds: number): Rates | null {
    if (!(milliseconds > 0)) return null;
    const rates = new Float64Array(after.length).fill(NaN);
    for (let i = 0; i < after.length; i++) {
        const [from, to] = [before[i], after[i]];
        if (from === null || to === null || from === undefined || to === undefined) continue;
        if (to < from) return null;
        // The difference is exact, whatever the counters have reached; only it becomes a floating-point number.
        rates[i] = (Number(to - from) * 1000) / milliseconds;
    }
    return rates;
}

/** Whether two readings are of one counter, which was not detached and attached anew in between. */
export function sameCounter(before: Interface, after: Interface): boolean {
    return before.since === after.since && before.programId === after.programId && before.name === after.name;
}

export function ratesOf(before: Interface, after: Interface): Rates | null {
    return sameCounter(before, after) ? ratesBetween(before.counters, after.counters, after.taken - before.taken) : null;
}

/** The sum of many interfaces, column by column; what is not known of one is left out of the sum. */
export function sumOf(all: readonly Rates[], length: number): Rates {
    const sum = new Float64Array(length).fill(NaN);
    for (const rates of all) {
        for (let i = 0; i < length; i++) {
            if (!Number.isNaN(rates[i])) sum[i] = (Number.isNaN(sum[i]) ? 0 : sum[i]) + rates[i];
        }
    }
    return sum;
}
