// SPDX-License-Identifier: BSD-2-Clause
//
// Numbers for people. Prefixes are those of the SI: 1 k is 1000, 1 G is 10^9, for bits and for packets alike.

import type { Unit } from "./parts.ts";

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];

export interface Quantity {
    readonly number: string;
    /** With its prefix: "Mbit/s". */
    readonly unit: string;
}

/** Three significant digits and a prefix: ["1.51", "M"]. NaN gives ["–", ""]. */
export function scaled(value: number): [string, string] {
    if (Number.isNaN(value)) return ["–", ""];
    let exponent = 0;
    let rest = Math.abs(value);
    // 999.5 would be written 1000: the next prefix is due before.
    while (rest >= 999.5 && exponent < PREFIXES.length - 1) {
        rest /= 1000;
        exponent++;
    }
    const digits = exponent === 0 && (Number.isInteger(value) || rest >= 99.95) ? 0 : rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
    // Below one thousand a rate is a count over a second or some: two places would promise more than is known.
    const places = exponent === 0 ? Math.min(digits, 1) : digits;
    return [(value < 0 ? "−" : "") + rest.toFixed(places), PREFIXES[exponent]];
}

/** A rate of a column, which counts packets or bytes, in what is asked for. */
export function rate(value: number, unit: Unit): Quantity {
    const [number, prefix] = scaled(unit === "bits" ? value * 8 : value);
    return { number, unit: unit === "bits" ? `${prefix}bit/s` : `${prefix ? `${prefix} ` : ""}packets/s` };
}

/** The same for a narrow column: "1.51 Mbit/s", "1.51 Mp/s". */
export function shortRate(value: number, unit: Unit): string {
    const [number, prefix] = scaled(unit === "bits" ? value * 8 : value);
    return number === "–" ? number : `${number} ${prefix}${unit === "bits" ? "bit/s" : "p/s"}`;
}

/** For the axis of a chart, where the unit stands in its title. */
export function axisLabel(value: number): string {
    if (value === 0) return "0";
    const [number, prefix] = scaled(value);
    return `${number.includes(".") ? number.replace(/\.?0+$/, "") : number}${prefix ? ` ${prefix}` : ""}`;
}

/** A part of a whole, in percent. */
export function share(part: number, whole: number): string {
    if (!(whole > 0) || Number.isNaN(part)) return "";
    const percent = (100 * part) / whole;
    if (percent > 0 && percent < 0.1) return "<0.1%";
    return `${percent < 10 && percent > 0 ? percent.toFixed(1) : percent.toFixed(0)}%`;
}

/** All digits of a counter, in groups of three. */
export function digits(value: bigint): string {
    return value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** An amount of bytes: "1.51 GB". */
export function bytes(value: number): string {
    const [number, prefix] = scaled(value);
    return number === "–" ? number : `${number} ${prefix}B`;
}

/** A length of time, to its two largest units: "3 h 12 min". */
export function duration(milliseconds: number): string {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    const steps: [number, string][] = [
        [86400, "d"],
        [3600, "h"],
        [60, "min"],
        [1, "s"],
    ];
    const first = steps.findIndex(([size]) => seconds >= size);
    if (first < 0) return "0 s";
    const [size, name] = steps[first];
    const whole = `${Math.floor(seconds / size)} ${name}`;
    const next = steps[first + 1];
    const rest = next ? Math.floor((seconds % size) / next[0]) : 0;
    return rest ? `${whole} ${rest} ${next[1]}` : whole;
}

/** The time of day where the page is read: "12:03:41". */
export function clock(milliseconds: number): string {
    return new Date(milliseconds).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}
