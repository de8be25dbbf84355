// SPDX-License-Identifier: BSD-2-Clause

import { field, text } from "./json.ts";

/** Where the metrics are, from /api/v1/server; null where the server does not say. */
export function metricsLink(document: unknown): { readonly path: string; readonly href: string } | null {
    const path = text(field(document, "telemetry_path"));
    // Relative to the page, so that it is right behind a proxy below another path.
    return path.startsWith("/") ? { path, href: `.${path}` } : null;
}
