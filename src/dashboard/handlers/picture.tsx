/** The picture of which handlers and tools listen to which events. Names lead to the events. */

import { term } from "../components/tags.tsx";
import { useView } from "../view.ts";
import type { Topology } from "./topology.ts";

/** Where the lines begin and end. Names are to the left and to the right. */
const LEFT = 0;
const RIGHT = 160;
const MIDDLE = (LEFT + RIGHT) / 2;
const GAP = 12;

/** The widest character of each side. Other fonts may be a little wider than these. */
const EVENT_CHARACTER = 7.6;
const HANDLER_CHARACTER = 8.4;

/** Characters that fit. The title has the whole name. */
const LONGEST = 40;

export function Picture({ topology }: { topology: Topology }) {
	const { height, events, rows, edges } = topology;
	const before = EVENT_CHARACTER * longest(events.map(({ name }) => name));
	const after = HANDLER_CHARACTER * longest(rows.map(textOf));
	const start = LEFT - GAP - before;
	const end = RIGHT + GAP + after;
	const lines = edges.map(
		([from, to]) =>
			`M${LEFT} ${from}C${MIDDLE} ${from} ${MIDDLE} ${to} ${RIGHT} ${to}`,
	);
	return (
		<figure class="card picture" aria-labelledby="picture">
			<figcaption id="picture">
				Events on the left, the handlers that listen to them on the right
			</figcaption>
			<section class="scroll" tabindex={0} aria-label="Picture">
				{/* biome-ignore lint/a11y/noSvgWithoutTitle: it would be shown over every name */}
				<svg
					width={end - start}
					height={height}
					viewBox={`${start} 0 ${end - start} ${height}`}
				>
					<path class="edge" d={lines.join("")} />
					{events.map(({ name, y }) => (
						<>
							<circle class="node" cx={LEFT} cy={y} r="3" />
							<Name kind="event" x={LEFT - GAP} y={y} name={name} />
						</>
					))}
					{rows.map(({ kind, label, y }) => (
						<>
							{(kind === "handler" || kind === "tool") && (
								<circle class="node" cx={RIGHT} cy={y} r="3" />
							)}
							<Name
								kind={kind}
								x={kind === "handler" || kind === "tool" ? RIGHT + GAP : RIGHT}
								y={y}
								name={textOf({ kind, label })}
							/>
						</>
					))}
				</svg>
			</section>
		</figure>
	);
}

function textOf({
	kind,
	label,
}: Pick<Topology["rows"][number], "kind" | "label">): string {
	return kind === "app" ? `App ${label}` : label;
}

function longest(names: readonly string[]): number {
	return Math.min(LONGEST, Math.max(...names.map(({ length }) => length)));
}

function Name({
	kind,
	x,
	y,
	name,
}: {
	kind: "event" | Topology["rows"][number]["kind"];
	x: number;
	y: number;
	name: string;
}) {
	const { base } = useView();
	const short = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
	const text = (
		<text class={kind} x={x} y={y + 4}>
			{name !== short && <title>{name}</title>}
			{short}
		</text>
	);
	if (kind !== "event" && kind !== "handler") return text;
	const word = kind === "event" ? "name" : "handler";
	const q = new URLSearchParams({ q: term(word, name) });
	return <a href={`${base}/events?${q}`}>{text}</a>;
}
