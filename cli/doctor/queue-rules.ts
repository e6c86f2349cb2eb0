/** Finds errors in the queues of an owner: names, bindings, consumers and their settings. */
import type { NamedQueue, QueueRole } from "../../src/platform/queue-names.ts";
import { queuesOf } from "../../src/platform/queue-variable.ts";
import type { Consumer, WranglerConfig } from "../wrangler-config.ts";
import { type ConfigFinding, placeOf, remedyOf } from "./remedy.ts";

/** As in the templates. The reasons are in docs/reference/configuration.md. */
const SETTINGS = {
	events: settings(100, 60),
	retries: settings(1, 120),
	deadLetters: settings(25, 3_600),
} satisfies Record<QueueRole, object>;

/** The platform's values for settings that a consumer does not state. */
const DEFAULTS = {
	max_batch_size: 10,
	max_batch_timeout: 5,
	max_retries: 3,
	retry_delay: 0,
} as const;

/** The smallest batch of events that is no finding: the free plan needs it. */
const FREE_PLAN_BATCH = 10;

function settings(max_batch_size: number, retry_delay: number) {
	return {
		max_batch_size,
		max_batch_timeout: 0,
		max_retries: 100,
		retry_delay,
	};
}

export function queueFindings(config: WranglerConfig): ConfigFinding[] {
	const { TIDINGS_QUEUES: variable } = config.vars ?? {};
	const names = namesOf(config);
	const place = placeOf(config, "vars");
	const found: ConfigFinding[] = [];
	if (variable === undefined)
		found.push({
			code: "queues_not_named",
			severity: "error",
			problem: `${place}the variable TIDINGS_QUEUES is missing: the Worker does not start`,
			...remedyOf(config, "Name the queues in", "vars", {
				TIDINGS_QUEUES: names,
			}),
		});
	try {
		const queues = queuesOf(variable ?? names);
		const [deadLetters = ""] = queues.flatMap(({ role, name }) =>
			role === "deadLetters" ? name : [],
		);
		for (const queue of queues)
			found.push(
				...producerFindings(queue, config),
				...consumerFindings(queue, deadLetters, config),
			);
	} catch (error) {
		found.push({
			code: "queues_invalid",
			severity: "error",
			problem: `${place}${(error as Error).message}`,
			remedy: `Correct TIDINGS_QUEUES in ${config.file.path}.`,
		});
	}
	return found;
}

/** The queues that are bound, or new names after the Worker's. */
function namesOf({ name = "tidings", environment, queues }: WranglerConfig) {
	const prefix = environment === undefined ? name : `${name}-${environment}`;
	const of = (binding: string, end: string) =>
		queues?.producers?.find((one) => one.binding === binding)?.queue ??
		`${prefix}-${end}`;
	return {
		events: of("EVENTS_QUEUE", "events"),
		retries: of("RETRIES_QUEUE", "retries"),
		deadLetters: of("DEAD_LETTERS_QUEUE", "dead-letters"),
	};
}

function producerFindings(
	{ name, binding }: NamedQueue,
	config: WranglerConfig,
): ConfigFinding[] {
	const producers = config.queues?.producers ?? [];
	const bound = producers.find((one) => one.binding === binding);
	if (bound?.queue === name) return [];
	const misnamed = producers.find((one) => one.queue === name);
	const finding = (code: string, problem: string, intro: string) => ({
		code,
		severity: "error" as const,
		problem: `${placeOf(config, "queues")}${problem}`,
		...remedyOf(config, intro, "queues", {
			producers: [{ binding, queue: name }],
		}),
	});
	if (bound)
		return [
			finding(
				"producer_of_other_queue",
				`the binding ${binding} is of the queue ${bound.queue}, but TIDINGS_QUEUES says ${name}: events would go to a queue that is not theirs`,
				"Correct the producer in",
			),
		];
	if (misnamed)
		return [
			finding(
				"producer_misnamed",
				`the queue ${name} is bound as ${misnamed.binding} instead of ${binding}: the Worker does not start`,
				"Correct the producer in",
			),
		];
	return [
		finding(
			"producer_missing",
			`the queue ${name} of TIDINGS_QUEUES has no producer ${binding}: the Worker does not start`,
			"Add to",
		),
	];
}

function consumerFindings(
	{ name, role }: NamedQueue,
	deadLetters: string,
	config: WranglerConfig,
): ConfigFinding[] {
	const place = placeOf(config, "queues");
	const target =
		role === "deadLetters" ? {} : { dead_letter_queue: deadLetters };
	const recommended = { queue: name, ...SETTINGS[role], ...target };
	const consumer = config.queues?.consumers?.find(
		(one) => one.queue === name && (one.type ?? "worker") === "worker",
	);
	const remedy = (intro: string, value: Consumer) =>
		remedyOf(config, intro, "queues", { consumers: [value] });
	if (!consumer)
		return [
			{
				code: "consumer_missing",
				severity: "error",
				problem: `${place}the queue ${name} has no consumer: its messages wait until they are deleted`,
				...remedy("Add to", recommended),
			},
		];

	// One correction of the whole entry, so that no finding undoes that of another.
	const corrected = { ...consumer, ...recommended };
	if (isBatchKept(role, consumer))
		corrected.max_batch_size = consumer.max_batch_size as number;
	const correct = remedy("Replace the consumer in", corrected);
	const found: ConfigFinding[] = [];
	const { dead_letter_queue: given } = consumer;
	if (role !== "deadLetters" && given !== deadLetters)
		found.push({
			code: "dead_letter_queue_missing",
			severity: "error",
			problem: `${place}the consumer of ${name} ${given === undefined ? "has no dead_letter_queue" : `has the dead_letter_queue ${given}, which is not deadLetters of TIDINGS_QUEUES`}: messages that the platform gives up on are lost`,
			...correct,
		});
	const different = Object.entries(SETTINGS[role]).filter(
		([key, value]) =>
			(consumer[key as keyof typeof DEFAULTS] ?? "") !== value &&
			!(key === "max_batch_size" && isBatchKept(role, consumer)),
	);
	if (different.length > 0)
		found.push({
			code: "consumer_settings",
			// A message that crashes the Worker would take the others of its batch along.
			severity:
				role === "retries" &&
				different.some(([key]) => key === "max_batch_size")
					? "error"
					: "warning",
			problem: `${place}the consumer of ${name} has ${different
				.map(([key, value]) => `${settingText(consumer, key)}, not ${value}`)
				.join("; ")}`,
			...correct,
		});
	return found;
}

function isBatchKept(role: QueueRole, { max_batch_size }: Consumer): boolean {
	const { max_batch_size: most } = SETTINGS[role];
	return (
		role === "events" &&
		max_batch_size !== undefined &&
		max_batch_size >= FREE_PLAN_BATCH &&
		max_batch_size <= most
	);
}

function settingText(consumer: Consumer, key: string): string {
	const setting = key as keyof typeof DEFAULTS;
	const value = consumer[setting];
	return value === undefined
		? `no ${key} (the platform's is ${DEFAULTS[setting]})`
		: `${key} ${value}`;
}
