/** The forms of answers about jobs, handlers and health. */
import * as z from "zod";
import { ACTIONS } from "../../../jobs/job.ts";
import {
	component,
	cursor,
	duration,
	flag,
	instant,
	text,
	whole,
} from "./parts.ts";

const AtLeast = z
	.literal(true)
	.describe("more than count may match: counting stopped after 50 calls")
	.optional();

export const StartedJob = component(
	"StartedJob",
	z.object({ id: text.optional(), count: whole, atLeast: AtLeast }),
);

export const Job = component(
	"Job",
	z.object({
		id: text,
		action: z.enum(ACTIONS),
		q: text,
		handler: text.optional(),
		onlyIfNeverRan: flag.optional(),
		state: z.enum(["running", "done", "stopped"]),
		count: whole,
		atLeast: AtLeast,
		done: whole,
		failed: whole,
		left: whole,
		errors: z.array(z.object({ id: text, reason: text })),
		counts: z.record(text, whole),
		remaining: z
			.object({
				queues: instant,
				payloads: instant,
				journal: instant.optional(),
			})
			.optional(),
		by: text,
		startedAt: instant,
		endedAt: instant.nullable(),
	}),
);

export const JobPage = component(
	"JobPage",
	z.object({ jobs: z.array(Job), cursor }),
);

const Policy = component(
	"RetryPolicy",
	z.object({
		limit: whole.nullable(),
		maxAge: whole.nullable(),
		backoff: z.union([
			z.enum(["exponential", "constant", "linear"]),
			z.array(whole),
		]),
		base: whole,
		max: whole,
		jitter: flag,
	}),
);

const Source = z.enum(["handler", "route", "defaults", "built-in"]);

export const Handlers = component(
	"Handlers",
	z.object({
		handlers: z.array(
			z.object({
				id: text,
				patterns: z.array(text),
				timeout: whole,
				retries: Policy,
				worker: text.optional(),
				handler: text.optional(),
				sources: z
					.object({ patterns: Source, timeout: Source, retries: Source })
					.describe("where each setting comes from"),
				schema: z.looseObject({}).describe("JSON Schema").optional(),
			}),
		),
		unreachable: z.array(text),
	}),
);

/** A caller without a key sees only the status. */
export const HealthReport = component(
	"Health",
	z.object({
		status: z.enum(["ok", "failing"]),
		problems: z.array(z.object({ code: text, detail: text })).optional(),
		queues: z
			.record(
				z.string(),
				z.object({
					backlogCount: whole,
					backlogBytes: whole,
					oldestMessageAt: instant.nullable(),
					lag: duration,
				}),
			)
			.optional(),
		scheduler: z
			.object({
				lag: duration,
				scheduled: whole,
				waiting: whole,
				lastHour: z.object({ wakeUps: whole, rowsWritten: whole, sent: whole }),
			})
			.optional(),
		deadLetters: z.record(z.string(), whole).optional(),
	}),
);

const outcomes = { delivered: whole, retrying: whole, dead: whole };

export const Metrics = component(
	"Metrics",
	z.object({
		since: instant,
		until: instant,
		step: duration,
		intervals: z.array(
			z.object({
				at: instant,
				events: z.record(z.string(), whole),
				...outcomes,
			}),
		),
		handlers: z.array(
			z.object({
				handler: text,
				...outcomes,
				median: duration.nullable(),
				p99: duration.nullable(),
				failures: z.array(whole),
			}),
		),
		deploys: z.array(z.object({ id: text, at: instant })),
		missed: whole,
	}),
);

export const Diagnosis = component(
	"Diagnosis",
	z.object({
		time: instant,
		findings: z.array(
			z.object({
				code: text,
				severity: z.enum(["error", "warning"]),
				problem: text,
				remedy: text,
			}),
		),
	}),
);
