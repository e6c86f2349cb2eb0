/** Prints events of the journal: one row each, or everything that happened to one. */
import type { EventLife } from "../src/admin.ts";
import {
	durationText,
	lineText,
	printTable,
	stateText,
	timeText,
} from "./print.ts";

export const EVENT_HEAD = [
	"TIME",
	"STATE",
	"NAME",
	"DELIVERIES",
	"ERROR",
	"ID",
];

export function eventRow({
	time,
	state,
	name,
	deliveries,
	id,
}: EventLife): string[] {
	const error = deliveries
		.flatMap(({ attempts }) => attempts)
		.findLast((attempt) => attempt.error)?.error;
	return [
		...[timeText(time), stateText(state), name],
		countsOf(deliveries),
		error ? lineText(`${error.name}: ${error.message}`, 60) : "",
		id,
	];
}

/** How many deliveries have each state: a list of their handlers would be too wide. */
function countsOf(deliveries: EventLife["deliveries"]): string {
	const groups = Map.groupBy(deliveries, ({ state }) => state);
	return [...groups]
		.map(([state, { length }]) => `${length} ${stateText(state)}`)
		.join(", ");
}

export function printLife(life: EventLife): void {
	const { name, id, state, time, queuedMs, tags = {}, by, dueAt } = life;
	console.log(`${name}  ${stateText(state)}  ${id}`);
	console.log(`published ${timeText(time)}${by ? ` by ${by}` : ""}`);
	if (dueAt !== undefined) console.log(`due ${timeText(dueAt)}`);
	if (queuedMs !== undefined)
		console.log(`waited ${durationText(queuedMs)} in the queue`);
	const all = Object.entries(tags);
	if (all.length > 0)
		console.log(
			`tags ${all.map(([key, value]) => `${key}:${lineText(value, 64)}`).join(" ")}`,
		);
	for (const { handler, attempts } of life.deliveries) {
		console.log(`\n${handler}`);
		printTable(
			["", "AT", "ATTEMPT", "TOOK", "STATE", ""],
			attempts.map((one) => [
				...["", timeText(one.at), one.attempt ?? ""],
				one.startedAt === undefined ? "" : durationText(one.at - one.startedAt),
				...[stateText(one.state), detailOf(one)],
			]),
		);
	}
	if (life.body !== undefined)
		console.log(`\nbody ${life.body}${life.bodyBytes ? "…" : ""}`);
}

function detailOf({
	error,
	cause,
	reason,
	retryAt,
}: EventLife["deliveries"][number]["attempts"][number]): string {
	return [
		error && lineText(`${error.name}: ${error.message}`, 80),
		cause && `(${cause})`,
		reason && `(${reason})`,
		retryAt && `next ${timeText(retryAt)}`,
	]
		.filter(Boolean)
		.join(" ");
}
