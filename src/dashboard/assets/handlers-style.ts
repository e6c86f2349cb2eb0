/** The picture of events and handlers, lists of lines, and the pages to publish and of settings. */
export const HANDLERS = `
.picture { padding: 1.1rem 1.2rem; display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.8rem; }
.picture figcaption { font-weight: 650; }
.scroll { overflow-x: auto; }
.picture svg { display: block; margin: 0 auto; }
.picture text { font: 13px var(--sans); fill: var(--ink); }
.picture a:hover text { text-decoration: underline; fill: var(--accent); }
.picture .event { text-anchor: end; font-family: var(--mono); font-size: 12px; }
.picture .handler, .picture .tool { font-weight: 600; }
.picture .worker, .picture .app { fill: var(--muted); font-size: 12px; }
.picture .edge { fill: none; stroke: var(--line-strong); stroke-width: 1.2; }
.picture .node { fill: var(--accent); }
td .name + .reason, td .mono + .reason { margin-top: 0.1rem; }
.lines li { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; align-items: baseline; padding: 0.7rem 1.2rem; border-top: 1px solid var(--line); }
.lines li:first-child { border-top: 0; }
.lines .name { font-weight: 600; color: var(--ink); overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 0.9rem 1.4rem; align-items: start; }
.pair textarea { min-height: 0; }
.hint { font-size: 0.87rem; }
.finding { padding: 0.9rem 1.2rem; border-top: 1px solid var(--line); display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.4rem; justify-items: start; }
.finding:first-child { border-top: 0; }
.finding > p { overflow-wrap: anywhere; }
.finding > pre { font-size: 0.83rem; }
`;
