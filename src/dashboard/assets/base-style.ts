/** Tokens, text, the frame of a page, and print. */
export const BASE = `
:root {
	color-scheme: light dark;
	--page: light-dark(#fbfbf9, #141517);
	--surface: light-dark(#ffffff, #1b1c1f);
	--sunken: light-dark(#f4f4f1, #212327);
	--line: light-dark(#e6e5e0, #2d2f34);
	--line-strong: light-dark(#c9c8c2, #4a4d55);
	--ink: light-dark(#1c1d20, #ececee);
	--muted: light-dark(#61636a, #a2a5ad);
	--accent: light-dark(#3a52c8, #93a6ff);
	--accent-soft: light-dark(#eef1fd, #262c47);
	--on-accent: light-dark(#ffffff, #12141c);
	--good: light-dark(#176a3c, #6fcf97);
	--good-soft: light-dark(#e5f4ea, #17301f);
	--warn: light-dark(#875000, #f0b860);
	--warn-soft: light-dark(#fdf1dc, #38290f);
	--bad: light-dark(#b3261e, #ff9189);
	--bad-soft: light-dark(#fdebe9, #411c1a);
	--wait: light-dark(#3a52c8, #93a6ff);
	--wait-soft: light-dark(#eef1fd, #262c47);
	--good-fill: light-dark(#2c8a57, #6fcf97);
	--warn-fill: light-dark(#c27c0e, #f0b860);
	--bad-fill: light-dark(#cb3a31, #ff9189);
	--idle: light-dark(#5d5f66, #a9acb4);
	--idle-soft: light-dark(#efeeea, #2a2c31);
	--mono: ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
	--sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
	--radius: 8px;
}
* { box-sizing: border-box; }
html { font: 15px/1.5 var(--sans); color: var(--ink); background: var(--page); -webkit-text-size-adjust: 100%; }
body { margin: 0; display: grid; grid-template-columns: 14.5rem minmax(0, 1fr); min-height: 100vh; }
h1, h2, h3, p, dl, dd, ol, ul, pre, figure { margin: 0; padding: 0; }
h1 { font-size: 1.55rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; font-weight: 650; letter-spacing: -0.005em; }
ol, ul { list-style: none; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; text-underline-offset: 0.2em; }
code, pre, kbd, .mono { font-family: var(--mono); font-size: 0.87em; }
time, .number { font-variant-numeric: tabular-nums; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.muted { color: var(--muted); }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; padding: 0.5rem 0.75rem; background: var(--surface); z-index: 2; }

.side { border-right: 1px solid var(--line); padding: 1.6rem 1rem 1.2rem; display: flex; flex-direction: column; gap: 1.6rem; position: sticky; top: 0; height: 100vh; }
.brand { display: flex; align-items: center; gap: 0.55rem; padding: 0 0.6rem; font-weight: 650; font-size: 1.05rem; letter-spacing: -0.01em; color: var(--ink); }
.brand:hover { text-decoration: none; }
.brand img { display: block; }
.side nav ul { display: grid; gap: 2px; }
.side nav a { display: block; padding: 0.36rem 0.6rem; border-radius: 6px; color: var(--muted); }
.side nav a:hover { background: var(--sunken); color: var(--ink); text-decoration: none; }
.side nav a[aria-current] { background: var(--accent-soft); color: var(--accent); font-weight: 600; }
.who { margin-top: auto; padding: 0 0.6rem; display: grid; gap: 0.5rem; font-size: 0.87rem; color: var(--muted); }
.who b { color: var(--ink); font-weight: 600; overflow-wrap: anywhere; }
.who p + p { margin-top: -0.35rem; }
.who button { justify-self: start; }

main { padding: 2rem 2.4rem 4rem; max-width: 84rem; width: 100%; min-width: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.4rem; align-content: start; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.4rem 1rem; }
.top .fresh { margin-left: auto; }
.fresh { color: var(--muted); font-size: 0.87rem; white-space: nowrap; }
.fresh [data-pause], .fresh [data-stopped] { color: var(--warn); }
.fresh [hidden] { display: none; }

@media (max-width: 60rem) {
	body { display: block; }
	.side { position: static; height: auto; flex-direction: row; flex-wrap: wrap; align-items: center; gap: 0.6rem 1rem; padding: 0.8rem 1rem; border-right: 0; border-bottom: 1px solid var(--line); }
	.side nav { order: 3; flex-basis: 100%; overflow-x: auto; }
	.side nav ul { display: flex; white-space: nowrap; }
	.brand { padding: 0; }
	.who { margin: 0 0 0 auto; padding: 0; display: flex; align-items: center; gap: 0.8rem; }
	.who .rights { display: none; }
	main { padding: 1.3rem 1rem 3rem; }
}
@media print {
	:root { color-scheme: light; }
	body { display: block; }
	nav, .side, .filter, .pager, .actions, .empty, form, button, .button { display: none; }
	main { padding: 0; max-width: none; }
	details > summary { list-style: none; }
	a { color: inherit; }
}
@media (prefers-reduced-motion: no-preference) {
	.new { animation: arrive 1.6s ease-out; }
	@keyframes arrive { from { background: var(--accent-soft); } }
}
`;
