// SPDX-License-Identifier: BSD-2-Clause

import { ALL } from "./state.ts";

export interface HistoryRequest {
    /** Seconds between two rows. */
    readonly step: number;
    /** All of them where none is named. */
    readonly interfaces: readonly string[];
    /** How far back; as far as there is, if it is not said. */
    readonly seconds?: number;
    /** Packets and bytes alone, without their parts. */
    readonly total?: boolean;
}

/** Of many interfaces only what is looked at comes with a row for each second, and the parts of the sum do not. */
export const COARSE_STEP = 15;
const MANY = 12;

/** The history that is to be asked for where `selected` is shown; `asked` holds what was asked for in this connection. */
export function historyRequests(selected: string, names: readonly string[], asked: Set<string>): HistoryRequest[] {
    const requests: HistoryRequest[] = [];
    const once = (what: string, request: HistoryRequest) => {
        if (asked.has("everything") || asked.has(what)) return;
        asked.add(what);
        requests.push(request);
    };
    if (names.length <= MANY && (selected === ALL || names.length < 2)) {
        once("everything", { step: 1, interfaces: [] });
        return requests;
    }
    once("steps", { step: COARSE_STEP, interfaces: [] });
    if (selected === ALL) once("totals", { step: 1, interfaces: [], total: true });
    else once(`of ${selected}`, { step: 1, interfaces: [selected] });
    return requests;
}

/** The address of it, relative to the page. */
export function addressOf(request: HistoryRequest): string {
    const words = new URLSearchParams({ step: String(request.step) });
    if (request.seconds !== undefined) words.set("seconds", String(request.seconds));
    if (request.total) words.set("counters", "total");
    for (const name of request.interfaces) words.append("interface", name);
    return `api/v1/history?${words}`;
}
