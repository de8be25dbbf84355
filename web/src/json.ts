// SPDX-License-Identifier: BSD-2-Clause

/** Fifteen digits are always exact in a double; more may not be. */
const STRING_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|(?<![\d.])-?\d{16,}(?![\d.eE])/g;

/**
 * JSON.parse for documents with 64-bit counters: an integer of more than 15 digits comes as a string of its digits, all
 * other values as ever. `exact()` reads both. Strings of the document are passed over whole, digits in them too.
 */
export function parseExact(text: string): unknown {
    return JSON.parse(text.replace(STRING_OR_LONG_INTEGER, (found) => (found.startsWith('"') ? found : `"${found}"`)));
}

/** A counter of a document that parseExact() read; null where there is none. */
export function exact(value: unknown): bigint | null {
    if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
    if (typeof value === "string" && /^-?\d+$/.test(value)) return BigInt(value);
    return null;
}

/** A field of what may be an object. */
export function field(value: unknown, name: string): unknown {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function list(value: unknown): readonly unknown[] {
    return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
    return typeof value === "string" ? value : "";
}
