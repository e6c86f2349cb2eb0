/** `publish`, `events`, `event`, `tail`, `scheduled`, `cancel` and `reschedule`. */
import type { Command } from "commander";
import type { Admin, EventLife } from "../src/admin.ts";
import { createClient } from "../src/client.ts";
import { parseBody } from "./body.ts";
import type { Context } from "./context.ts";
import {
	durationText,
	lineText,
	printTable,
	stateText,
	timeText,
} from "./print.ts";
import { UsageError } from "./usage-error.ts";

/** The shortest wait of `tail`, in milliseconds: each request is a search of the journal. */
const MIN_EVERY = 100;

export function eventCommands(program: Command, context: Context): void {
	program
		.command("publish <name> [body]")
		.description("publish an event; the body is JSON, null by default")
		.option("--after <time>", 'deliver it later, such as "2 hours"')
		.option("--lane <lane>", "the lane of its queue")
		.option("--tag <key:value...>", "tags, such as customer:c42")
		.option("--idempotency-key <key>", "publish only once in 24 hours")
		.addHelpText("after", "\nExample: tidings publish order.paid '{\"id\":1}'")
		.action(async (name: string, body = "null", options: PublishOptions) => {
			const client = createClient(context.target());
			const { tag = [], ...rest } = options;
			const given = { ...rest, tags: tagsIn(tag) };
			const receipt = await client.publish(name, given, parseBody(body));
			context.print(receipt, () => console.log(receipt.id));
		});

	program
		.command("events [filter...]")
		.description("list the events in the journal that match, the latest first")
		.option("--limit <count>", "events in the list", "20")
		.addHelpText(
			"after",
			"\nExample: tidings events state:dead tag.customer:c42 since:2h",
		)
		.action(async (filter: string[], { limit }: { limit: string }) => {
			const query = { q: filter.join(" "), limit: Number(limit) };
			const page = await context.admin().events.list(query);
			context.print(page, () => {
				printTable(EVENT_HEAD, page.events.map(eventRow));
				if (page.cursor)
					console.log(
						`Searched until ${timeText(page.searchedUntil)}. Give a narrower filter, or a higher --limit.`,
					);
			});
		});

	program
		.command("event <id>")
		.description("show everything that happened to one event")
		.action(async (id: string) => {
			const life = await context.admin().events.get(id);
			if (!life) throw context.notFound(`event ${id} in the journal`);
			context.print(life, () => printLife(life));
		});

	program
		.command("tail [filter...]")
		.description("print events as they happen, until Ctrl-C")
		.option("--every <ms>", "how often to ask", "1000")
		.action(async (filter: string[], { every }: { every: string }) => {
			if (!(Number(every) >= MIN_EVERY))
				throw new UsageError(
					`--every: ${every} is not a wait; give milliseconds, at least ${MIN_EVERY}.`,
				);
			const admin = context.admin();
			for await (const event of newEvents(admin, filter.join(" "), +every))
				context.print(event, () => console.log(eventRow(event).join("  ")));
		});

	program
		.command("scheduled")
		.description("list scheduled events, the earliest due first")
		.option("--limit <count>", "events in the list", "20")
		.action(async ({ limit }: { limit: string }) => {
			const query = { limit: Number(limit) };
			const page = await context.admin().scheduled.list(query);
			context.print(page, () =>
				printTable(
					["DUE", "IN", "NAME", "ID"],
					page.scheduled.map(({ dueAt, name, id }) => [
						...[timeText(dueAt), durationText(dueAt - Date.now()), name, id],
					]),
				),
			);
		});

	program
		.command("cancel <id>")
		.description("cancel a scheduled event")
		.action(async (id: string) => {
			if (!(await context.admin().scheduled.cancel(id)))
				throw context.notFound(`scheduled event ${id}`);
			context.print({ id, cancelled: true }, () => console.log("cancelled"));
		});

	program
		.command("reschedule <id> <after>")
		.description('move a scheduled event, such as to "2 days" from now')
		.action(async (id: string, after: string) => {
			const receipt = await context.admin().scheduled.reschedule(id, after);
			if (!receipt) throw context.notFound(`scheduled event ${id}`);
			const { time, delay } = receipt;
			context.print(receipt, () =>
				console.log(`due ${timeText(time + delay)}`),
			);
		});
}

interface PublishOptions {
	after?: string;
	lane?: string;
	tag?: string[];
	idempotencyKey?: string;
}

function tagsIn(tags: readonly string[]): Record<string, string> {
	return Object.fromEntries(
		tags.map((tag) => {
			const [, key, value] = /^([^:]+):(.+)$/s.exec(tag) ?? [];
			if (key !== undefined && value !== undefined) return [key, value];
			throw new UsageError(
				`--tag: ${JSON.stringify(tag)} is not a tag. Give <key>:<value>, such as customer:c42.`,
			);
		}),
	);
}

const EVENT_HEAD = ["TIME", "STATE", "NAME", "DELIVERIES", "ERROR", "ID"];

function eventRow({ time, state, name, deliveries, id }: EventLife): string[] {
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

function printLife(life: EventLife): void {
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

/** Asks again and again for the latest events, and returns each change once. */
async function* newEvents(admin: Admin, q: string, every: number) {
	const seen = new Map<string, number>();
	for (let isFirst = true; ; isFirst = false) {
		const { events } = await admin.events.list({ q, limit: 100 });
		for (const event of events.toReversed()) {
			if ((seen.get(event.id) ?? 0) >= event.at) continue;
			seen.set(event.id, event.at);
			// What was there before the command is not new.
			if (!isFirst) yield event;
		}
		await new Promise((resolve) => setTimeout(resolve, every));
	}
}
