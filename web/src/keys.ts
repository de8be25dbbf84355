// SPDX-License-Identifier: BSD-2-Clause

/** Single keys as shortcuts: not while something is typed, and not for those who switched them off. */
export class Keys {
    constructor(enabled: () => boolean, actions: Readonly<Record<string, () => void>>) {
        document.addEventListener("keydown", (event) => {
            if (!enabled() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
            const target = event.target as Element;
            if (target.matches("input:not([type=radio], [type=checkbox]), textarea, select") || document.querySelector("dialog[open]")) return;
            const action = actions[event.key];
            if (!action) return;
            event.preventDefault();
            action();
        });
    }
}
