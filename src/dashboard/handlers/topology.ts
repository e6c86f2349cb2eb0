/** Lays out the picture of events and the handlers that listen to them, and of the apps. Pure. */
import { appEventName } from "../../apps/app-name.ts";
import type { AppDeclaration } from "../../apps/declaration.ts";
import { matches } from "../../event/name.ts";
import { qualifiedId, type Route } from "../../handlers/route.ts";

/** What the Workers list. */
export interface Listed {
	/** Names of definitions. */
	names: readonly string[];
	/** The key is empty for the owner of the events. `routes` and `apps` are absent while it does not list them. */
	workers: readonly {
		key: string;
		routes?: readonly Route[];
		apps?: readonly AppDeclaration[];
	}[];
}

/** A row on the right: a Worker or an app, or a handler or a tool of it. */
interface Row {
	kind: "worker" | "app" | "handler" | "tool";
	label: string;
	y: number;
}

export interface Topology {
	height: number;
	/** On the left: names and patterns. */
	events: { name: string; y: number }[];
	rows: Row[];
	/** From the `y` of an event to that of a row. */
	edges: [from: number, to: number][];
}

/** Height of a row. */
const STEP = 26;

/** A picture with more rows or lines than this cannot be read. */
const MOST_ROWS = 80;
const MOST_EDGES = 400;

/** Names, or handlers with the parts of apps, that are looked at. */
const MOST_LISTED = 200;

/** Returns undefined if the picture would be unreadable, or has no line. */
export function topologyOf(listed: Listed): Topology | undefined {
	const known = knownNames(listed);
	const count = listed.workers.reduce(
		(sum, { routes = [] }) => sum + routes.length,
		0,
	);
	// Before names are matched: a thousand handlers with as many names would take seconds.
	if (Math.max(known.length, count) > MOST_LISTED) return undefined;
	const heard = new Map<Row, readonly string[]>();
	const rows: Row[] = [];
	const add = (
		kind: Row["kind"],
		label: string,
		listens?: readonly string[],
	) => {
		const row = { kind, label, y: (rows.length + 0.5) * STEP };
		rows.push(row);
		if (listens) heard.set(row, listens);
	};
	for (const worker of listed.workers) {
		const { key, apps = [] } = worker;
		const own = handlersIn(worker);
		if (own.length + apps.length > 0) add("worker", workerName(key));
		for (const { id, patterns } of own)
			add("handler", id, heardBy(patterns, known));
		for (const { name, tools, userSubscriptions } of apps) {
			add("app", name);
			for (const tool of tools)
				add("tool", tool, userSubscriptions[tool] ?? []);
		}
	}
	const names = [...new Set([...known, ...[...heard.values()].flat()])];
	const events = placed(names, heard);
	const at = new Map(events.map(({ name, y }) => [name, y]));
	const edges = [...heard].flatMap(([{ y }, listens]) =>
		listens.map((name): [number, number] => [at.get(name) ?? 0, y]),
	);
	const isReadable =
		Math.max(rows.length, events.length) <= MOST_ROWS &&
		edges.length <= MOST_EDGES;
	if (!isReadable || edges.length === 0) return undefined;
	const bottom = Math.max(...[...events, ...rows].map(({ y }) => y));
	return { height: bottom + STEP / 2, events, rows, edges };
}

export function workerName(key: string): string {
	return key === "" ? "Worker that owns the events" : `Worker ${key}`;
}

type ListedWorker = Listed["workers"][number];

/** The handlers of a Worker without the parts and tools of its apps, which are handlers, too, and match no event. */
export function handlersIn({ key, routes = [], apps = [] }: ListedWorker) {
	const prefixes = apps.map(({ name }) => `${qualifiedId(key, name)}/`);
	return routes.filter(
		({ id }) => !prefixes.some((prefix) => id.startsWith(prefix)),
	);
}

function knownNames({ names, workers }: Listed): string[] {
	const listens = workers.flatMap(({ routes = [] }) =>
		routes.flatMap(({ patterns }) => patterns),
	);
	const ofApps = workers.flatMap(({ apps = [] }) =>
		apps.flatMap(({ name, events }) =>
			Object.keys(events).map((event) => appEventName(name, event)),
		),
	);
	const exact = listens.filter((pattern) => !pattern.includes("*"));
	return [...new Set([...names, ...exact, ...ofApps])];
}

/** The known names that patterns match. A pattern that matches none stands for itself. */
function heardBy(
	patterns: readonly string[],
	known: readonly string[],
): string[] {
	const found = patterns.flatMap((pattern) => {
		const names = known.filter(
			(name) => !name.startsWith("@") && matches(pattern, name),
		);
		return names.length > 0 ? names : [pattern];
	});
	return [...new Set(found)];
}

/** Each name next to the rows that listen to it, so that lines are short. */
function placed(
	names: readonly string[],
	heard: ReadonlyMap<Row, readonly string[]>,
): Topology["events"] {
	const wanted = names.map((name) => {
		const ys = [...heard].flatMap(([{ y }, listens]) =>
			listens.includes(name) ? y : [],
		);
		const mean = ys.reduce((sum, y) => sum + y, 0) / ys.length;
		return { name, y: ys.length > 0 ? mean : Number.POSITIVE_INFINITY };
	});
	let above = -STEP / 2;
	return wanted
		.sort((one, other) => (one.y < other.y ? -1 : 1))
		.map(({ name, y }) => {
			above = Math.max(above + STEP, Number.isFinite(y) ? y : 0);
			return { name, y: above };
		});
}
