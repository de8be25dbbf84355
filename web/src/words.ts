// SPDX-License-Identifier: BSD-2-Clause
//
// What the page says in sentences.

import { SPAN } from "./history.ts";
import { COARSE_STEP } from "./requests.ts";
import { isCounting, type Live, type View } from "./state.ts";
import { clock } from "./units.ts";

/** So many are named one by one. */
const NAMED = 3;

/** What the state of the connection does not say: whether anything is counted at all. Empty where something is. */
export function idleWords(view: View): string {
    if (!view.all.length) return "nothing attached";
    return view.all.some(isCounting) ? "" : "nothing is counted";
}

export function nothingTitle(sawAny: boolean): string {
    return sawAny ? "Nothing is attached any more" : "Nothing is attached yet";
}

/** Why a list of interfaces is empty. */
export function emptyList(view: View, sawAny: boolean): string {
    return view.all.length ? "No interface matches." : `${nothingTitle(sawAny)}.`;
}

/** Of what "All interfaces" is the sum. */
export function sumWords(view: View): string {
    const counted = view.all.filter((live) => live.info).length;
    if (counted === 0) return "";
    if (counted === 1) return "the sum of 1 interface";
    return `the sum of ${counted} interfaces; a frame that passes two of them counts twice`;
}

function listed(all: readonly Live[], words: (live: Live) => string): string[] {
    const rest = all.length - NAMED;
    return [...all.slice(0, NAMED).map(words), ...(rest > 0 ? [`${rest} more are in the list.`] : [])];
}

/** What the sum lacks: those that do not count, and gaps where one began anew. */
export function sumNotes(view: View): string {
    const failed = view.all.filter((live) => live.problem);
    const restarted = view.all.filter((live) => live.restarted && view.now - live.restarted < SPAN * 1000);
    return [
        ...listed(failed, ({ name, problem }) => `${name} does not count: ${problem}.`),
        ...listed(restarted, ({ name, restarted }) => `The counter of ${name} began anew at ${clock(restarted)}: the sum has a gap there.`),
    ].join(" ");
}

/** Of a chart that is drawn in coarse steps up to a second of the clock. */
export function coarseWords(until: number | null): string {
    return until === null ? "" : `before ${clock((until + 1) * 1000)}: means of ${COARSE_STEP} s`;
}
