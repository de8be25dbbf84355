// SPDX-License-Identifier: BSD-2-Clause
//
// The charts: loaded after the first paint, since the library is as large as all the rest.

import uPlot from "uplot";
import { axisLabel } from "./units.ts";

/** What a chart shows: areas on top of each other, the first at the bottom. */
export interface Area {
    readonly label: string;
    /** A CSS colour. */
    readonly color: string;
    readonly values: readonly (number | null)[];
}

export interface ChartOptions {
    /** Of axes and grid. */
    readonly ink: string;
    readonly grid: string;
    readonly font: string;
    /** Whether an area is only tinted: where there is a single one. */
    readonly light: boolean;
    /** The second that the pointer is at; null where it has left. */
    readonly moved: (second: number | null) => void;
}

const sync = uPlot.sync("moment");

/** The sums of the areas up to each, which is what their upper edges are. */
function stacked(areas: readonly Area[]): (number | null)[][] {
    const edges: (number | null)[][] = [];
    areas.forEach((area, i) => {
        edges.push(area.values.map((value, at) => (value === null ? null : value + (i ? (edges[i - 1][at] ?? 0) : 0))));
    });
    return edges;
}

export class Chart {
    private plot: uPlot | null = null;
    private shape = "";

    constructor(private readonly box: HTMLElement) {
        new ResizeObserver(() => this.plot?.setSize({ width: box.clientWidth, height: box.clientHeight })).observe(box);
    }

    show(seconds: readonly number[], areas: readonly Area[], options: ChartOptions): void {
        const edges = stacked(areas);
        // uPlot draws series in their order: the highest edge first, and what is below over it.
        const data = [seconds, ...edges.slice().reverse()] as uPlot.AlignedData;
        const shape = JSON.stringify([areas.map((area) => [area.label, area.color]), options.ink, options.font, options.light]);
        if (this.plot && shape === this.shape) {
            this.plot.setData(data);
            return;
        }
        this.plot?.destroy();
        this.shape = shape;
        this.plot = new uPlot(this.options(areas, options), data, this.box);
    }

    /** Moves the cursor to a second, or away. */
    point(second: number | null): void {
        if (!this.plot) return;
        const left = second === null ? -10 : this.plot.valToPos(second, "x");
        this.plot.setCursor({ left, top: second === null ? -10 : 10 }, false);
    }

    private options(areas: readonly Area[], options: ChartOptions): uPlot.Options {
        const axis = { stroke: options.ink, font: options.font, grid: { stroke: options.grid, width: 1 }, ticks: { show: false } };
        const fontSize = parseFloat(options.font);
        return {
            width: this.box.clientWidth,
            height: this.box.clientHeight,
            padding: [8, 18, 0, 0],
            legend: { show: false },
            cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: sync.key } },
            scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] } },
            axes: [
                {
                    ...axis,
                    // As far below the corner as the 0 of the other axis reaches, at every size of text.
                    size: Math.round(2.4 * fontSize),
                    gap: Math.round(0.7 * fontSize),
                    space: 5.5 * fontSize,
                    values: (_plot, splits) =>
                        splits.map((second) => new Date(second * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })),
                    incrs: [60, 120, 180, 300, 600],
                },
                { ...axis, size: 5 * fontSize, gap: 6, space: 3 * fontSize, values: (_plot, splits) => splits.map(axisLabel) },
            ],
            series: [
                {},
                ...areas
                    .map((area) => ({ label: area.label, stroke: area.color, fill: options.light ? `${area.color}33` : area.color, width: options.light ? 1.5 : 1, points: { show: false } }))
                    .reverse(),
            ],
            hooks: {
                setCursor: [
                    (plot) => {
                        const { left, idx } = plot.cursor;
                        options.moved(left === undefined || left < 0 || idx === null || idx === undefined ? null : plot.data[0][idx]);
                    },
                ],
            },
        };
    }
}
