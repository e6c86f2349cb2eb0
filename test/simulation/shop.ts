/** The simulated Worker: one deploy for each version, with handlers that behave as the scenario says. */
import { hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { Config } from "../../src/config/config.ts";
import { apps } from "../../src/entrypoints/apps.ts";
import {
	createEvents,
	event,
	type HandlerContext,
	NonRetryableError,
	RetryAfterError,
	type TidingsEvent,
} from "../../src/index.ts";
import {
	DeadLetters,
	Jobs,
	Journal,
	Keys,
	Payloads,
	Scheduler,
	Subscriptions,
} from "../../src/objects.ts";
import type { Ports } from "../../src/ports.ts";
import { portsOf } from "../../src/registration.ts";
import { waitUntil } from "../../src/testing/platform/cloudflare-workers.ts";
import {
	currentWork,
	here,
	Isolate,
} from "../../src/testing/platform/isolate.ts";
import type { Platform } from "../../src/testing/platform/platform.ts";
import type {
	Deploy,
	SimulatedWorker,
} from "../../src/testing/platform/worker.ts";
import { subscriber, worker } from "../../src/worker.ts";
import { appsOf } from "./apps/app-code.ts";
import { ADMIN_KEY, ORIGIN } from "./apps/names.ts";
import type { Ledger, Run } from "./ledger.ts";
import { QUEUES, queuesVar } from "./queues.ts";
import type { Scenario, Version } from "./scenario.ts";
import { eventOf, shardOf, subjectsOf } from "./subjects.ts";
import { behaviourOf, POST, RETRY_AFTER } from "./versions.ts";

/** A deploy, with the interfaces that callers inside the Worker use. */
export interface ShopDeploy extends Deploy {
	/** The entrypoint of the Worker `post`. */
	post: object;
	events: ReturnType<typeof createEvents>;
	ports: Ports;
}

const API_KEYS = JSON.stringify([
	{ id: "operator", scopes: ["admin"], digest: hash("sha256", ADMIN_KEY) },
]);

/** @param retention of the queues, in milliseconds */
export function shopOf(
	retention: number,
): Pick<SimulatedWorker, "objects" | "vars" | "queues" | "subjectsOf"> {
	const settings = {
		events: { batchSize: 100, retryDelay: 60, concurrency: 3 },
		retries: { batchSize: 1, retryDelay: 120, concurrency: 10 },
		"dead-letters": { batchSize: 25, retryDelay: 3_600, concurrency: 2 },
	};
	return {
		objects: {
			Scheduler: () => Scheduler as never,
			DeadLetters: () => DeadLetters as never,
			Payloads: () => Payloads as never,
			Subscriptions: () => Subscriptions as never,
			Journal: () => Journal as never,
			Keys: () => Keys as never,
			Jobs: () => Jobs as never,
		},
		vars: { TIDINGS_QUEUES: queuesVar([]), API_KEYS },
		queues: Object.fromEntries(
			Object.entries(QUEUES).map(([name, { role, binding }]) => [
				name,
				{
					...settings[role],
					binding,
					maxRetries: 100,
					retention,
					...(role !== "dead-letters" && { deadLetterQueue: "dead-letters" }),
				},
			]),
		),
		subjectsOf,
	};
}

export function deployOf(
	version: Version,
	scenario: Scenario,
	ledger: Ledger,
	platform: Platform,
): ShopDeploy {
	const vars = { TIDINGS_QUEUES: queuesVar(version.draining) };
	const env = { ...platform.env, ...vars };
	return new Isolate(platform, "deploy", env).run(() => {
		const UserJoined = userJoined(version);
		const events = createEvents({
			events: [UserJoined],
			apps: appsOf(false, scenario, ledger.apps),
			observe(transition) {
				platform.note(
					transition.type,
					"handler" in transition ? (transition.handler ?? "") : "",
					subjectsOf(transition.id),
					transition,
				);
				const { now } = platform.time;
				ledger.observed.add(transition, currentWork(), now);
			},
		});
		const own = version.handlers.filter(({ id }) => !id.startsWith(POST));
		for (const { id, on, retries } of own)
			events.on<unknown>(
				on === UserJoined.name ? UserJoined : on,
				{ id, retries },
				(event, context) => handle(event, context, "", scenario, ledger),
			);
		const { shards: now, allShards: before, hasPost } = version;
		const subscribers = hasPost ? { post: { binding: "POST" } } : {};
		const config = {
			shards: { now, before },
			subscribers,
			url: ORIGIN,
			journal: scenario.journal,
		} as Config;
		const owned = worker(events as never, { config, apps: apps() });
		const context = { waitUntil, passThroughOnException() {} };
		return {
			vars,
			post: postOf(version, scenario, ledger, platform),
			events: events as never,
			ports: portsOf(events as never),
			queue: async (batch) =>
				owned.queue?.(batch as never, {} as never, context as never),
			scheduled: async () =>
				owned.scheduled?.({} as never, {} as never, context as never),
			fetch: (request) =>
				owned.fetch(request as never, {} as never, context as never) as never,
		};
	});
}

/** A Worker with handlers of its own. */
function postOf(
	{ handlers }: Version,
	scenario: Scenario,
	ledger: Ledger,
	platform: Platform,
): object {
	return new Isolate(platform, "deploy post").run(() => {
		const events = createEvents({ apps: appsOf(true, scenario, ledger.apps) });
		for (const { id, on, retries } of handlers)
			if (id.startsWith(POST))
				events.on(
					on,
					{ id: id.slice(POST.length), retries },
					(event, context) => handle(event, context, POST, scenario, ledger),
				);
		return new (subscriber(events as never))({} as never, {} as never);
	});
}

/** A strict version rejects bodies that earlier versions accepted. */
function userJoined({ isStrict }: Version) {
	return event(
		"user.joined",
		z.looseObject({
			n: z.number(),
			visits: isStrict ? z.number() : z.number().optional(),
		}),
	);
}

async function handle(
	{ id, body }: TidingsEvent,
	{ handler: ownId, attempt, signal }: HandlerContext,
	prefix: string,
	scenario: Scenario,
	ledger: Ledger,
): Promise<void> {
	const handler = prefix + ownId;
	const isolate = here();
	const { time } = isolate.platform;
	const never = () => new Promise<never>(() => {});
	if (!isolate.alive) return never();
	const [n] = subjectsOf(id).map(eventOf) as [number];
	const published = ledger.entries.get(n)?.body;
	const edited = ledger.replaysOf(n, handler).map((replay) => replay.edited);
	const run: Run = {
		at: time.now,
		attempt,
		clock: isolate.platform.furthestClock(shardOf(id)),
		end: "open",
		body: [published, ...edited].find((known) =>
			isDeepStrictEqual(body, known),
		),
	};
	ledger.run(n, handler, run);
	const note = (what: string) =>
		isolate.platform.note(what, handler, [String(n)], { attempt });
	note("run");
	// A handler may change its copy.
	(body as { n: unknown }).n = "changed";
	const end = (how: Run["end"]) => {
		if (!isolate.alive || signal.aborted) return;
		run.end = how;
		note(how);
	};
	const behaviour = behaviourOf(scenario, n, handler);
	switch (behaviour.type) {
		case "succeed":
			if (behaviour.takes > 0)
				await new Promise((resolve) => setTimeout(resolve, behaviour.takes));
			return end("succeeded");
		case "refuse":
			end("failed");
			throw new NonRetryableError("it never will");
		case "kill":
			if (
				(ledger.entries.get(n)?.runs.get(handler)?.length ?? 0) >
				behaviour.times
			)
				return end("succeeded");
			isolate.kill();
			return never();
		case "fail":
			if (attempt > behaviour.times) return end("succeeded");
			if (behaviour.how === "hang") return never();
			// It ends after the timeout.
			if (behaviour.how === "late")
				return new Promise((resolve) => setTimeout(resolve, 7_000));
			end("failed");
			throw behaviour.how === "throw"
				? new Error("not yet")
				: new RetryAfterError("later", RETRY_AFTER);
	}
}
