/** Buttons, fields, states, tags, tables, notices and code: what several pages show. */
export const PARTS = `
button, .button { font: inherit; font-size: 0.93rem; font-weight: 550; padding: 0.42rem 0.85rem; border-radius: 6px; border: 1px solid var(--line-strong); background: var(--surface); color: var(--ink); cursor: pointer; }
button:hover, .button:hover { background: var(--sunken); text-decoration: none; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.main:hover { filter: brightness(1.08); }
button.plain { border: 0; padding: 0; background: none; color: var(--accent); font-weight: inherit; font-size: inherit; }
button.plain:hover { text-decoration: underline; text-underline-offset: 0.2em; }
input, textarea { font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--line-strong); border-radius: 6px; padding: 0.45rem 0.7rem; width: 100%; min-width: 0; }
input::placeholder { color: var(--muted); opacity: 1; }
input:focus-visible, textarea:focus-visible { outline-offset: 0; border-radius: 6px; }
textarea { font: 0.87rem/1.6 var(--mono); resize: vertical; min-height: 9rem; tab-size: 2; }
label { font-weight: 550; font-size: 0.93rem; }
.field { display: grid; gap: 0.35rem; }

.filter { display: grid; gap: 0.5rem; }
.filter .line { display: flex; gap: 0.5rem; align-items: center; }
.filter input { font-family: var(--mono); font-size: 0.87rem; padding: 0.5rem 0.75rem; }
.filter [aria-invalid] { border-color: var(--bad); }
.quick { display: flex; flex-wrap: wrap; gap: 0.3rem 0.9rem; font-size: 0.87rem; color: var(--muted); }
.quick a[aria-current] { color: var(--ink); font-weight: 600; }
.wrong { color: var(--bad); font-size: 0.93rem; overflow-wrap: anywhere; }
[role=alert]::first-letter { text-transform: uppercase; }
.filter [role=alert]::first-letter { text-transform: none; }

.state { display: inline-flex; align-items: center; gap: 0.4em; padding: 0.1rem 0.55rem 0.1rem 0.5rem; border-radius: 99px; font-size: 0.83rem; font-weight: 600; line-height: 1.5; white-space: nowrap; }
.state::before { content: ""; width: 0.5em; height: 0.5em; border-radius: 50%; background: currentColor; }
.state.good { color: var(--good); background: var(--good-soft); }
.state.warn { color: var(--warn); background: var(--warn-soft); }
.state.bad { color: var(--bad); background: var(--bad-soft); }
.state.wait { color: var(--wait); background: var(--wait-soft); }
.state.idle { color: var(--idle); background: var(--idle-soft); }

.tags { display: flex; flex-wrap: wrap; gap: 0.3rem; }
.tag { display: inline-block; max-width: 18rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-family: var(--mono); font-size: 0.8rem; padding: 0.05rem 0.45rem; border: 1px solid var(--line); border-radius: 5px; color: var(--muted); background: var(--surface); }
a.tag:hover { border-color: var(--accent); color: var(--accent); text-decoration: none; }
.tag b { font-weight: 550; color: var(--ink); }

.card { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); }
table { width: 100%; border-collapse: collapse; }
.card > table { display: block; }
@media (min-width: 45.01rem) { .card > table { display: table; } }
th { text-align: left; font-size: 0.83rem; font-weight: 550; color: var(--muted); padding: 0.6rem 0.9rem 0.5rem; white-space: nowrap; }
td { padding: 0.55rem 0.9rem; border-top: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { padding-left: 1.2rem; }
th:last-child, td:last-child { padding-right: 1.2rem; }
th.number, td.number { text-align: right; white-space: nowrap; }
tbody tr:hover, tbody tr:focus-within { background: var(--sunken); }
td .name { font-weight: 600; color: var(--ink); overflow-wrap: anywhere; }
td .reason { display: block; color: var(--muted); font-size: 0.9rem; overflow: hidden; text-overflow: ellipsis; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow-wrap: anywhere; }
td.wide { width: 50%; }
td.tagged { width: 24%; }
.pager { display: flex; gap: 1rem; align-items: baseline; color: var(--muted); font-size: 0.93rem; }
@media (max-width: 45rem) {
	thead { position: absolute; left: -99rem; }
	tbody { display: block; }
	tbody tr { display: grid; grid-template-columns: 1fr auto; gap: 0.35rem 0.8rem; padding: 0.85rem 1rem; border-top: 1px solid var(--line); }
	tbody tr:first-child { border-top: 0; }
	td, td:first-child, td:last-child { padding: 0; border: 0; }
	td.wide { width: auto; grid-column: 1 / -1; order: 2; }
	td.tagged { width: auto; grid-column: 1 / -1; order: 3; }
	td.tagged:empty { display: none; }
	td.count { display: none; }
	.empty { padding: 1.5rem 1.1rem; }
}

.empty { padding: 2.6rem 2rem; display: grid; gap: 1rem; justify-items: start; max-width: 52rem; }
.empty p { color: var(--muted); max-width: 40rem; }
.notice { padding: 0.8rem 1.1rem; border-radius: var(--radius); background: var(--warn-soft); color: var(--warn); }
.notice.bad { background: var(--bad-soft); color: var(--bad); }
.notice.good { background: var(--good-soft); color: var(--good); }
.notice a, .empty p a { color: inherit; }
.notice a, .empty p a, p.muted a { text-decoration: underline; text-underline-offset: 0.2em; }
pre { overflow: auto; padding: 0.9rem 1.1rem; background: var(--sunken); border-radius: var(--radius); line-height: 1.6; tab-size: 2; width: 100%; max-height: 34rem; }
pre.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
.json .key { color: var(--accent); }
.json .text { color: var(--good); }
.json .other { color: var(--warn); }
.copy { position: relative; width: 100%; min-width: 0; }
.copy button { position: absolute; top: 0.5rem; right: 0.5rem; font-size: 0.83rem; padding: 0.2rem 0.6rem; }
.needs-script { display: none; }
.has-script .needs-script { display: revert; }
kbd { display: inline-block; min-width: 1.6em; text-align: center; padding: 0.05rem 0.4rem; border: 1px solid var(--line-strong); border-bottom-width: 2px; border-radius: 5px; background: var(--surface); }
dialog { border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem 1.7rem; background: var(--surface); color: var(--ink); min-width: 20rem; box-shadow: 0 20px 60px rgb(0 0 0 / 0.25); }
dialog::backdrop { background: rgb(0 0 0 / 0.35); }
dialog dl { display: grid; grid-template-columns: auto 1fr; gap: 0.55rem 1rem; margin: 1rem 0 1.3rem; }
.gate { grid-column: 1 / -1; place-self: center; justify-self: center; width: min(25rem, calc(100vw - 2rem)); padding: 2rem 0; display: grid; gap: 1.4rem; align-content: center; min-height: 90vh; }
.gate .card { padding: 1.7rem; display: grid; gap: 1.1rem; }
@media (max-width: 45rem) {
	.copy { display: grid; gap: 0.4rem; justify-items: start; }
	.copy button { position: static; }
}
.gate .brand { padding: 0; }
.gate form { display: grid; gap: 1.1rem; }
`;
