// SPDX-License-Identifier: BSD-2-Clause

import { parseExact } from "./json.ts";
import { addressOf, type HistoryRequest } from "./requests.ts";

export type Connection =
    | { readonly state: "connecting" }
    | { readonly state: "live" }
    | { readonly state: "lost"; readonly reason: string; readonly retryAt: number };

export interface FeedEvents {
    snapshot(document: unknown): void;
    history(document: unknown, request: HistoryRequest): void;
    connection(connection: Connection): void;
    /** What history to ask for in a new connection, when its first snapshot has said what there is. */
    historyWanted(): readonly HistoryRequest[];
}

const FIRST_RETRY = 1000;
const LAST_RETRY = 10_000;
/** A connection over which nothing comes any more may look open for hours. */
const SILENCE = 5000;
/** A page that nobody looks at lets go of its connection, of which a browser has six for a server. */
const REST = 60_000;

/** What the server sends, for as long as the page is open: a lost connection is made again. */
export class Feed {
    private source: EventSource | null = null;
    private retry = FIRST_RETRY;
    /** Snapshots since the connection was made. */
    private received = 0;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private watchdog: ReturnType<typeof setTimeout> | undefined;
    private rest: ReturnType<typeof setTimeout> | undefined;
    private state: Connection = { state: "connecting" };

    constructor(
        private readonly events: FeedEvents,
        private interval: number,
    ) {
        // A machine that wakes, a network that returns, somebody who looks again: no reason to wait any longer.
        addEventListener("online", () => this.retryNow());
        document.addEventListener("visibilitychange", () => {
            clearTimeout(this.rest);
            if (document.hidden) this.rest = setTimeout(() => this.stop(), REST);
            else if (!this.source) this.start();
        });
    }

    start(): void {
        this.stop();
        const source = new EventSource(`api/v1/stream?interval=${this.interval}`);
        this.source = source;
        this.received = 0;
        this.watch();
        source.addEventListener("snapshot", (event) => this.receive(source, (event as MessageEvent<string>).data));
        source.addEventListener("error", () => {
            if (source === this.source) void this.lose();
        });
    }

    stop(): void {
        clearTimeout(this.timer);
        clearTimeout(this.watchdog);
        this.source?.close();
        this.source = null;
    }

    retryNow(): void {
        if (this.state.state === "lost") this.start();
    }

    setInterval(seconds: number): void {
        this.interval = seconds;
        this.start();
    }

    /** Asks for the last 15 minutes; without them the charts begin now, and that is no failure. */
    async fetchHistory(request: HistoryRequest): Promise<void> {
        try {
            const response = await fetch(addressOf(request));
            if (response.ok) this.events.history(parseExact(await response.text()), request);
        } catch {
            // The stream says that the connection is lost, and asks again when it is back.
        }
    }

    private receive(source: EventSource, data: string): void {
        if (source !== this.source) return;
        this.watch();
        try {
            this.events.snapshot(parseExact(data));
        } catch (error) {
            void this.lose(`the server sends what this page cannot read (${String(error)}): reload the page`);
            return;
        }
        this.retry = FIRST_RETRY;
        if (++this.received === 1) for (const request of this.events.historyWanted()) void this.fetchHistory(request);
        // Rates begin with the second snapshot, and the history ended before the first: without this a gap would remain.
        if (this.received === 2) void this.fetchHistory({ step: 1, interfaces: [], seconds: 3 * this.interval + 5 });
        if (this.state.state !== "live") this.say({ state: "live" });
    }

    private watch(): void {
        clearTimeout(this.watchdog);
        this.watchdog = setTimeout(() => void this.lose("nothing has come from it for some time"), SILENCE + 2000 * this.interval);
    }

    private async lose(reason?: string): Promise<void> {
        this.stop();
        const wait = this.retry;
        this.retry = Math.min(2 * wait, LAST_RETRY);
        this.timer = setTimeout(() => this.start(), wait);
        const retryAt = Date.now() + wait;
        this.say({ state: "lost", reason: reason ?? "the server does not answer", retryAt });
        if (reason) return;
        const status = await this.status();
        if (status && this.state.state === "lost" && this.state.retryAt === retryAt) {
            this.say({ state: "lost", reason: status, retryAt });
        }
    }

    /** What the server says where it answers, though not with a stream: an EventSource does not tell. */
    private async status(): Promise<string | null> {
        try {
            const response = await fetch("api/v1/snapshot");
            await response.body?.cancel();
            return response.ok ? "the server ended the stream, or has too many" : `the server answers ${response.status} ${response.statusText}`.trim();
        } catch {
            return null;
        }
    }

    private say(connection: Connection): void {
        this.state = connection;
        this.events.connection(connection);
    }
}
