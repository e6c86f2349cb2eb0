/**
 * Validates the variable `TIDINGS_QUEUES` and lists its queues, each with its role, lane and binding. It does not
 * check whether the bindings exist.
 */
import * as z from "zod";
import { isText, show } from "../event/validation.ts";
import { parseOrThrow } from "../event/zod-errors.ts";
import { type NamedQueue, queuesIn, sentTo } from "./queue-names.ts";

function nameMessage(input: unknown, remedy: string): string {
	const problem =
		input === undefined ? "required" : `${show(input)} is not a queue's name`;
	return `${problem}; ${remedy}`;
}

/** One queue, or a list of queues that share the load. */
function namesSchema(minimum: 0 | 1 = 1) {
	return z
		.custom<string | string[]>(
			(value) => {
				const names = [value].flat();
				return names.length >= minimum && names.every(isText);
			},
			{
				error: ({ input }) =>
					nameMessage(input, "give a name or a list of names"),
			},
		)
		.transform((names) => [names].flat());
}

const LaneSchema = z.union(
	[
		namesSchema().transform((events) => ({ events, retries: [] as string[] })),
		z.strictObject({
			events: namesSchema(),
			retries: namesSchema().default([]),
		}),
	],
	{
		error: ({ input }) =>
			`${show(input)} is not a lane; give the name of a queue, a list of names, or { events, retries }`,
	},
);

/** A lane must not take the bindings of the default lane. */
const RESERVED = /^(events|retries|dead[-_]?letters)$/i;

const LaneNameSchema = z
	.string()
	.regex(
		/^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
		"the name of a lane must be a letter followed by up to 63 characters of A-Z a-z 0-9 _ -",
	)
	.refine(
		(lane) => !RESERVED.test(lane),
		"events, retries and deadLetters are the default lane; give this lane another name",
	);

const QueuesSchema = z
	.strictObject({
		events: namesSchema(),
		retries: namesSchema(),
		deadLetters: z.custom<string>(isText, {
			error: ({ input }) =>
				nameMessage(
					input,
					"give one name, because one object stores all dead letters",
				),
		}),
		/** Bound as `<LANE>_QUEUE`; its own retries as `<LANE>_RETRIES_QUEUE`. */
		lanes: z.record(LaneNameSchema, LaneSchema).default({}),
		/** Queues named above that are consumed, but receive no new messages. */
		draining: namesSchema(0).default([]),
	})
	.transform(({ events, retries, deadLetters, lanes, draining }) => {
		const queues = [
			...queuesIn("events", events),
			...queuesIn("retries", retries),
			...queuesIn("deadLetters", [deadLetters]),
			...Object.entries(lanes).flatMap(([lane, own]) => [
				...queuesIn("events", own.events, lane),
				...queuesIn("retries", own.retries, lane),
			]),
		].map((queue): NamedQueue => {
			const isDraining = draining.includes(queue.name);
			return { ...queue, isDraining };
		});
		return { queues, draining };
	})
	.superRefine(({ queues, draining }, context) => {
		for (const message of [
			...sharedBy(queues, "name"),
			...sharedBy(queues, "binding"),
		])
			context.addIssue(message);
		for (const message of drainingErrors(queues, draining))
			context.addIssue({ code: "custom", path: ["draining"], message });
	})
	.transform(({ queues }) => queues);

/** @throws TypeError `TIDINGS_QUEUES: <path>: <what is wrong>` */
export function queuesOf(given: unknown): NamedQueue[] {
	if (given === undefined || given === null)
		throw new TypeError(
			'TIDINGS_QUEUES: the variable is missing; set it next to the queue bindings, TIDINGS_QUEUES = { events = "…", retries = "…", deadLetters = "…" }',
		);
	return parseOrThrow(QueuesSchema, given, "TIDINGS_QUEUES");
}

function sharedBy(
	queues: readonly NamedQueue[],
	property: "name" | "binding",
): string[] {
	return queues.flatMap((queue, index) => {
		const other = queues
			.slice(0, index)
			.find((one) => one[property] === queue[property]);
		return other
			? `${other.label} and ${queue.label} have the same ${property}, ${queue[property]}; give each its own`
			: [];
	});
}

function drainingErrors(
	queues: readonly NamedQueue[],
	draining: readonly string[],
): string[] {
	return [
		...draining.flatMap((name) => {
			const queue = queues.find((one) => one.name === name);
			if (!queue)
				return `${show(name)} is not a queue of this variable: do not remove a queue from its list until it is empty`;
			// The platform's dead letters would be consumed as events.
			return queue.role === "deadLetters"
				? `${show(name)} is the queue of dead letters, which cannot be drained`
				: [];
		}),
		...(["events", "retries"] as const).flatMap((role) =>
			sentTo(queues, role).length === 0
				? `all queues of ${role} are draining; add one that receives new messages`
				: [],
		),
	];
}
