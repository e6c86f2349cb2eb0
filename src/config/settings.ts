/**
 * Validates `tidings.config.ts` and converts it to plain data in milliseconds. It does not check whether bindings and
 * handlers exist: `assemble.ts` does that when the Worker starts.
 */
import * as z from "zod";
import { type Duration, milliseconds } from "../event/duration.ts";
import { DEFAULT_SHARDS, MAX_SHARDS } from "../event/id.ts";
import { QUEUE_RETENTION } from "../event/limits.ts";
import { isText, show } from "../event/validation.ts";
import { checked, parseOrThrow } from "../event/zod-errors.ts";
import type { Config } from "./config.ts";
import { IssuersSchema, isScopedName } from "./issuer.ts";
import {
	DefaultsSchema,
	isWorkerKey,
	RoutesSchema,
	WORKER_KEY_FORM,
} from "./route-config.ts";

const BindingSchema = z.custom<string>(isText, {
	error: ({ input }) =>
		`${input === undefined ? "required" : `${show(input)} is not a name`}; give the name of a service binding`,
});

const AppSchema = z.custom<string>(isScopedName, {
	error: ({ input }) =>
		`${show(input)} is not the name of an app; use "@scope/name"`,
});

const SubscriberSchema = z.strictObject(
	{ binding: BindingSchema, apps: z.array(AppSchema).optional() },
	{
		error: ({ code, input }) =>
			code === "invalid_type"
				? `expected { binding: "…" }, got ${show(input)}`
				: undefined,
	},
);

const SubscribersSchema = z
	.record(
		z.string().refine(isWorkerKey, `the key must be ${WORKER_KEY_FORM}`),
		SubscriberSchema,
	)
	.superRefine((subscribers, context) => {
		const bindings = new Map<string, string>();
		const apps = new Map<string, string>();
		for (const [key, subscriber] of Object.entries(subscribers)) {
			const { binding } = subscriber;
			const other = bindings.get(binding);
			if (other !== undefined)
				context.addIssue({
					code: "custom",
					path: [key, "binding"],
					message: `${show(binding)} is already the binding of ${other}: remove one of the two, or this Worker's handlers run twice`,
				});
			bindings.set(binding, key);
			for (const app of subscriber.apps ?? []) {
				if (apps.has(app))
					context.addIssue({
						code: "custom",
						path: [key, "apps"],
						message: `${app} is already an app of ${apps.get(app)}; name it once`,
					});
				apps.set(app, key);
			}
		}
	});

const UrlSchema = checked((url) => {
	const isHttp = typeof url === "string" && /^https?:\/\//.test(url);
	if (isHttp && URL.canParse(url)) return url.replace(/\/+$/, "");
	throw new TypeError(
		`${show(url)} is not a URL; give one that begins with https:// or http://`,
	);
});

const SHARD_COUNT = `a whole number from 1 to ${MAX_SHARDS}`;

const ShardCountSchema = z.custom<number>(
	(count) =>
		Number.isInteger(count) &&
		(count as number) >= 1 &&
		(count as number) <= MAX_SHARDS,
	{
		error: ({ input }) =>
			input === undefined
				? `required; give ${SHARD_COUNT}`
				: `${show(input)} is not ${SHARD_COUNT}`,
	},
);

const ShardsSchema = z.union(
	[
		ShardCountSchema.transform((count) => ({ now: count, all: count })),
		z
			.strictObject({ now: ShardCountSchema, before: ShardCountSchema })
			.transform(({ now, before }) => ({ now, all: Math.max(now, before) })),
	],
	{
		error: ({ input }) =>
			`${show(input)} is not ${SHARD_COUNT}, nor { now, before }`,
	},
);

const QueueRetentionSchema = checked((queues) => {
	const retention = milliseconds(queues as Duration, "queues");
	if (retention <= QUEUE_RETENTION) return retention;
	throw new RangeError(
		`${show(queues)} is over 14 days, the maximum retention of a queue`,
	);
});

const RetentionSchema = z.strictObject({
	queues: QueueRetentionSchema.default(QUEUE_RETENTION),
	deadLetters: checked((value) =>
		milliseconds(value as Duration, "deadLetters"),
	).default(90 * 86_400_000),
});

const MOST_BODY_BYTES = 65_536;

const JournalSchema = z.union(
	[
		z.literal(false),
		z.strictObject({
			record: z.enum(["all", "failures"]).default("all"),
			bodies: z.enum(["failed", "all", "none"]).default("failed"),
			maxBytes: z.int().min(0).max(MOST_BODY_BYTES).default(2_048),
			retention: checked((value) =>
				milliseconds(value as Duration, "retention"),
			).default(7 * 86_400_000),
		}),
	],
	{
		error: ({ input }) =>
			`${show(input)} is neither false nor { record?: "all" | "failures", bodies?: "failed" | "all" | "none", maxBytes?: 0 to ${MOST_BODY_BYTES}, retention?: "7 days" }`,
	},
);

const ConfigSchema = z
	.strictObject({
		subscribers: SubscribersSchema.prefault({}),
		routes: RoutesSchema.default([]),
		defaults: DefaultsSchema.default({}),
		issuers: IssuersSchema.default({}),
		url: UrlSchema.default("http://localhost:8787"),
		shards: ShardsSchema.prefault(DEFAULT_SHARDS),
		retention: RetentionSchema.prefault({}),
		journal: JournalSchema.prefault({}),
	} satisfies Record<keyof Config, z.ZodType>)
	.transform(({ routes, defaults, ...settings }) => ({
		...settings,
		routing: { overrides: routes, defaults },
	}));

/**
 * The complete configuration:
 *
 * - `subscribers`: the names of their bindings, and their apps, by the key of the Worker
 * - `url`: without a slash at its end
 * - `shards`: new events are stored in `now` objects; `all` are listed and monitored
 * - `retention`: in milliseconds
 */
export type Settings = z.output<typeof ConfigSchema>;

/** @throws TypeError `tidings.config.ts: <path>: <what is wrong>`, for all wrong values */
export function settingsOf(config: Config = {}): Settings {
	return parseOrThrow(ConfigSchema, config, "tidings.config.ts");
}
