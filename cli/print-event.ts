/** Writes events of the journal: one row each, or everything that happened to one. */
import type { EventLife } from "../src/admin.ts";
import {
	bareText,
	durationText,
	lineText,
	stateText,
	tableText,
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
		timeText(time),
		stateText(state),
		name,
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

/** Everything that happened to an event, delivery by delivery. */
export function lifeText(life: EventLife): string {
	const { name, id, state, time, queuedMs, tags = {}, by, dueAt } = life;
	const all = Object.entries(tags).map(
		([key, value]) => `${key}:${lineText(value, 64)}`,
	);
	const { body, bodyBytes, unreadable } = life;
	return [
		`${name}  ${stateText(state)}  ${id}`,
		`published ${timeText(time)}${by ? ` by ${by}` : ""}`,
		...(dueAt === undefined ? [] : [`due ${timeText(dueAt)}`]),
		...(queuedMs === undefined
			? []
			: [`waited ${durationText(queuedMs)} in the queue`]),
		...(all.length > 0 ? [`tags ${all.join(" ")}`] : []),
		...(unreadable === undefined
			? []
			: [
					`The life may not be whole: ${unreadable} ${unreadable === 1 ? "page" : "pages"} of the journal cannot be read.`,
				]),
		...life.actions.map(
			({ type, at, by, handler }) =>
				`${type}${handler ? ` ${bareText(handler)}` : ""} ${timeText(at)}${by ? ` by ${bareText(by)}` : ""}`,
		),
		...life.deliveries.map(
			({ handler, attempts }) =>
				`\n${bareText(handler)}\n${attemptsText(attempts)}`,
		),
		...(body === undefined
			? []
			: [`\nbody ${bareText(body)}${bodyBytes ? "…" : ""}`]),
	].join("\n");
}

type Attempts = EventLife["deliveries"][number]["attempts"];

function attemptsText(attempts: Attempts): string {
	return tableText(
		["", "AT", "ATTEMPT", "TOOK", "STATE", ""],
		attempts.map((one) => [
			"",
			timeText(one.at),
			one.attempt ?? "",
			one.startedAt === undefined ? "" : durationText(one.at - one.startedAt),
			stateText(one.state),
			detailOf(one),
		]),
	);
}

function detailOf({ error, cause, reason, retryAt }: Attempts[number]): string {
	return [
		error && lineText(`${error.name}: ${error.message}`, 80),
		cause && `(${cause})`,
		reason && `(${reason})`,
		retryAt && `next ${timeText(retryAt)}`,
	]
		.filter(Boolean)
		.join(" ");
}
