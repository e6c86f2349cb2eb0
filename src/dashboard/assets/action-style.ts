/** The pages that act: dead letters, jobs, scheduled events and waiting deliveries. */
export const ACTIONS = `
.matches { display: flex; flex-wrap: wrap; align-items: center; gap: 0.6rem 1.2rem; font-size: 0.93rem; min-height: 2.2rem; }
.matches .bulk { margin-left: auto; }
@media (min-width: 45.01rem) {
	.matches + .card td.wide { width: 60%; }
	.matches + .card td.tagged { width: 20%; }
}
.bulk, .inline { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.8rem; }
.inline > .muted { font-size: 0.93rem; }
td .preview { display: block; color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 34rem; margin-top: 0.15rem; font-size: 0.83rem; }
td .below { display: block; color: var(--muted); font-size: 0.83rem; }
td .below .wrong { font-size: inherit; }
td.total { font-weight: 600; }
button.danger { color: var(--bad); border-color: var(--bad); }
button.danger:hover { background: var(--bad-soft); }
.parts { gap: 1.6rem; }
.parts > .section:first-child { margin-top: 0; }
.inset { padding: 1rem 1.2rem; min-width: 0; }
.inset > .error { margin: 0; }
.past { display: grid; gap: 0.9rem; font-size: 0.93rem; }
.past > li + li { border-top: 1px solid var(--line); padding-top: 0.9rem; }
.edit { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.9rem; }
.edit .check { font-size: 0.93rem; }
.edit .wrong { font-size: 0.93rem; }
.wrong li { padding-left: 0.9rem; }
.right { color: var(--good); font-size: 0.93rem; }
.narrow { max-width: 40rem; gap: 1.1rem; }
input.short { max-width: 12rem; font-variant-numeric: tabular-nums; }
input.medium { max-width: 24rem; }
.density { padding: 1rem 1.2rem 0.8rem; display: grid; gap: 0.35rem; font-size: 0.87rem; }
.day { display: grid; grid-template-columns: 6rem minmax(0, 1fr) 3rem; gap: 0.8rem; align-items: center; }
.day .number { justify-self: end; }
.day .axis { display: grid; grid-template-columns: repeat(4, 1fr); }
.cells { display: block; width: 100%; height: 18px; }
.cells rect { rx: 2; }
.cells .d0 { fill: var(--sunken); }
.cells .d1 { fill: var(--accent); fill-opacity: 0.3; }
.cells .d2 { fill: var(--accent); fill-opacity: 0.5; }
.cells .d3 { fill: var(--accent); fill-opacity: 0.75; }
.cells .d4 { fill: var(--accent); }
.cells a:hover rect, .cells a:focus rect { fill: var(--ink); fill-opacity: 1; }
@media (max-width: 45rem) { .day { grid-template-columns: 4.6rem minmax(0, 1fr) 2rem; gap: 0.5rem; } .day > span { white-space: nowrap; font-size: 0.8rem; } .density { padding: 0.9rem; } }
progress { appearance: none; display: block; width: 100%; height: 8px; border: 0; border-radius: 4px; overflow: hidden; background: var(--sunken); }
progress::-webkit-progress-bar { background: var(--sunken); }
progress::-webkit-progress-value { background: var(--accent); }
progress::-moz-progress-bar { background: var(--accent); }
td progress { margin: 0.5rem 0 0.35rem; }
.figures { display: flex; flex-wrap: wrap; gap: 0.2rem 1.6rem; font-variant-numeric: tabular-nums; }
.figures .muted { margin-left: auto; }
`;
