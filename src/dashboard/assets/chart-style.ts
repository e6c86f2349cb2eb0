/** Figures, charts and small tables of numbers. */
export const CHART = `
.stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.8rem; }
.problems { display: grid; gap: 0.35rem; overflow-wrap: anywhere; }
.gauges { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 0.9rem; }
.gauge { padding: 0.85rem 1.1rem 0.9rem; display: grid; gap: 0.1rem; align-content: start; }
.gauge dt { font-size: 0.87rem; color: var(--muted); font-weight: 550; }
.gauge .value { font-size: 1.7rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.gauge .value.bad { color: var(--bad); }
.gauge .note { font-size: 0.83rem; color: var(--muted); }

.chart { padding: 1.1rem 1.2rem 1rem; display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.7rem; }
.chart figcaption { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; align-items: baseline; font-weight: 650; }
.chart .legend { font-weight: 400; }
.legend .idle { --swatch: var(--idle); }
.legend .mark { --swatch: var(--accent); }
.legend .mark::before { width: 2px; height: 0.9em; }
.plot { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.7rem; }
.scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; font-size: 0.8rem; line-height: 1; color: var(--muted); font-variant-numeric: tabular-nums; margin: -0.4rem 0; }
.bars { display: block; width: 100%; height: 11rem; overflow: visible; }
.bars .good { fill: var(--good-fill); }
.bars .warn { fill: var(--warn-fill); }
.bars .bad { fill: var(--bad-fill); }
.bars .idle { fill: var(--idle); }
.bars .hit { fill: transparent; }
.bars .hit:hover { fill: color-mix(in srgb, var(--accent) 14%, transparent); }
.bars .grid, .spark .grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; fill: none; }
.bars .mark { stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke; fill: none; }
.plot .axis { grid-column: 2; }
.numbers > summary { cursor: pointer; font-size: 0.87rem; color: var(--muted); }
.numbers[open] > summary { margin-bottom: 0.4rem; }
.numbers { overflow-x: auto; }
.numbers table { font-size: 0.87rem; font-variant-numeric: tabular-nums; }
.numbers p { font-size: 0.87rem; padding: 0.5rem 0.6rem 0; }
.numbers th, .numbers td { padding: 0.3rem 0.6rem; }
.spark { display: block; width: 9rem; height: 20px; }
.spark path { stroke: var(--bad-fill); stroke-width: 2; vector-effect: non-scaling-stroke; fill: none; }
.failed { color: var(--bad); font-weight: 600; }
.none { padding: 1.1rem 1.2rem; color: var(--muted); }
@media (max-width: 45rem) {
	.gauges { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.7rem; }
	.bars { height: 9rem; }
	.numbers thead { position: static; }
	.numbers tbody { display: table-row-group; }
	.numbers tbody tr { display: table-row; }
	.numbers th, .numbers td, .numbers td:first-child, .numbers td:last-child { padding: 0.25rem 0.5rem; border-top: 1px solid var(--line); }
	.measures tbody tr { grid-template-columns: 1fr 1fr; }
	.measures td:first-child { grid-column: 1 / -1; }
	.sparked { grid-column: 1 / -1; order: 3; }
	.measures td[data-label]:not(.number) { grid-column: 1 / -1; }
	.sparked[data-label] { display: flex; gap: 0.6rem; align-items: end; }
	td[data-label]::before { content: attr(data-label) " "; color: var(--muted); font-size: 0.87rem; }
	td.number[data-label] { text-align: left; order: 4; }
}
`;
