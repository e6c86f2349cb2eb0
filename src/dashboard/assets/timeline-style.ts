/** The page of one event: its facts, its timeline, errors and actions. */
export const TIMELINE = `
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.45rem 1.4rem; font-size: 0.93rem; }
.facts dt { color: var(--muted); }
.facts dd { overflow-wrap: anywhere; }
.section { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.8rem; }
.section > .section { margin-top: 1rem; }
.crumbs { font-size: 0.93rem; margin-bottom: -1rem; color: var(--muted); }
.section > .top { align-items: center; }
.section > dl { margin-top: 0.4rem; }
.timeline { padding: 1.2rem 1.3rem 1rem; display: grid; gap: 1.1rem; }
.lane { display: grid; grid-template-columns: minmax(8rem, 14rem) minmax(0, 1fr) minmax(6.5rem, max-content); gap: 0.2rem 1.2rem; align-items: center; }
.lane + .lane { border-top: 1px solid var(--line); padding-top: 1.1rem; }
.lane h3 { font: 600 0.87rem/1.5 var(--mono); overflow-wrap: anywhere; }
.lane > .state, .lane > .number { justify-self: end; font-size: 0.87rem; }
.track { display: block; width: 100%; height: 14px; border-radius: 4px; background: var(--sunken); }
.track .waiting { fill: var(--line-strong); }
.track .good { fill: var(--good-fill); }
.track .warn { fill: var(--warn-fill); }
.track .bad { fill: var(--bad-fill); }
.track .wait { fill: var(--wait); }
.track .idle { fill: var(--idle); }
.axis { display: flex; justify-content: space-between; font-size: 0.8rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.attempts { grid-column: 2 / -1; min-width: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.35rem; padding-top: 0.35rem; font-size: 0.9rem; }
.attempt { display: flex; flex-wrap: wrap; gap: 0 0.8rem; align-items: baseline; }
.attempt > b { font-weight: 600; }
.attempt time { color: var(--muted); margin-left: auto; }
.error { margin: 0.1rem 0 0.4rem; }
.error summary { cursor: pointer; color: var(--bad); overflow-wrap: anywhere; }
.error pre { margin-top: 0.5rem; max-height: 20rem; }
.error .error { margin: 0.5rem 0 0 1rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; font-size: 0.83rem; color: var(--muted); margin-left: auto; }
.legend span { display: inline-flex; align-items: center; gap: 0.4em; }
.legend span::before { content: ""; width: 0.9em; height: 0.6em; border-radius: 2px; background: var(--swatch); }
.legend .waiting { --swatch: var(--line-strong); }
.legend .good { --swatch: var(--good-fill); }
.legend .warn { --swatch: var(--warn-fill); }
.legend .bad { --swatch: var(--bad-fill); }
.actions { display: grid; gap: 0.7rem; }
.fold { padding: 0; }
.fold > summary { padding: 0.75rem 1.2rem; cursor: pointer; font-weight: 600; }
.fold > .inside { padding: 0.2rem 1.2rem 1.2rem; display: grid; gap: 0.9rem; }
.fold form { display: grid; gap: 0.9rem; justify-items: start; }
.fold .field { width: 100%; }
.check { display: flex; gap: 0.5rem; align-items: center; font-weight: 400; }
.check input { width: auto; }
@media (max-width: 45rem) {
	.lane { grid-template-columns: minmax(0, 1fr) max-content; }
	.lane .track, .lane .axis { grid-column: 1 / -1; order: 2; }
	.attempts { grid-column: 1 / -1; order: 3; }
	.attempt time { margin-left: 0; }
	.legend { margin-left: 0; }
	.facts { grid-template-columns: minmax(0, 1fr); gap: 0 1rem; }
	.facts dd { margin-bottom: 0.5rem; }
	.timeline { padding: 1rem; }
}
`;
