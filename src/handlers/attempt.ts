/** Step 5, its core: one attempt of one handler, within its time. It reports an outcome and decides nothing. */

import type { AppHost } from "../apps/app-host.ts";
import type { Awaitable } from "../event/awaitable.ts";
import { parseBody, type Schema } from "../event/definition.ts";
import { MAX_TIMEOUT } from "../event/limits.ts";
import { type Ended, failed } from "../event/outcome.ts";
import { type Attempting, AttemptTime } from "./attempt-time.ts";
import type { Handler, HandlerContext, TidingsEvent } from "./handler.ts";

/** A class, for an object literal with a getter takes 0.6 us to make (V8 13.6), and there is one for each attempt. */
class Context implements HandlerContext {
	readonly handler: string;
	readonly attempt: number;
	readonly #time: AttemptTime;

	constructor(handler: string, attempt: number, time: AttemptTime) {
		this.handler = handler;
		this.attempt = attempt;
		this.#time = time;
	}

	get signal(): AbortSignal {
		return this.#time.signal;
	}

	/** Bound, as handlers take their context apart, and only when it is: a function with a name takes 0.3 us. */
	get setTimeout(): (ms: number) => void {
		return (ms) => {
			if (!(Number.isFinite(ms) && ms > 0 && ms <= MAX_TIMEOUT))
				throw new RangeError(
					`context.setTimeout: ${ms} is not a number of milliseconds above 0 and up to ${MAX_TIMEOUT}: it changes the attempt's time (for a timer, use globalThis.setTimeout)`,
				);
			this.#time.set(ms);
		};
	}
}

interface Asked {
	/** When it begins, in epoch milliseconds. Default: now. */
	startedAt?: number | undefined;
	/** Whether what it returns is wanted. Default: no. */
	hasOutput?: boolean | undefined;
	door?: AppHost | undefined;
}

/**
 * Runs a handler once; without a pause where it makes none. Never throws or rejects. Past its time the attempt has
 * failed, and whatever the handler still does, or throws, is ignored.
 *
 * @param event the handler's own copy
 * @param number which attempt it is, counted from 1
 * @param timeout its time in milliseconds
 */
export function attempt(
	handler: Handler,
	event: TidingsEvent,
	number: number,
	timeout: number,
	ports: Attempting,
	asked: Asked = {},
): Awaitable<Ended> {
	const time = new AttemptTime(timeout, ports, asked.startedAt);
	const context = new Context(handler.id, number, time);
	const { schema } = handler;
	const ending = schema
		? runParsed(handler, schema, event, context, time, asked)
		: run(handler, event, context, asked);
	// What ends without a pause no timer could cut off.
	return ending instanceof Promise
		? within(time, ending)
		: (time.end() ?? ending);
}

async function within(
	time: AttemptTime,
	ending: Promise<Ended>,
): Promise<Ended> {
	try {
		return await Promise.race([time.runsOut(), ending]);
	} finally {
		time.end();
	}
}

/** With the schema's output for a body, if there is time left after that. */
async function runParsed(
	handler: Handler,
	schema: Schema,
	event: TidingsEvent,
	context: HandlerContext,
	time: AttemptTime,
	asked: Asked,
): Promise<Ended> {
	const runsOut = time.runsOut();
	try {
		const parsed = await parseBody(schema, event.body);
		if ("issues" in parsed)
			return { type: "unparsable", issues: parsed.issues };
		if (time.isOver) return runsOut;
		return run(handler, { ...event, body: parsed.value }, context, asked);
	} catch (thrown) {
		return failed(thrown);
	}
}

function run(
	handler: Handler,
	{ id, name, body, time, delay }: TidingsEvent,
	context: HandlerContext,
	{ hasOutput = false, door }: Asked,
): Awaitable<Ended> {
	try {
		const event = { id, name, body, time, delay };
		const returned = handler.run(event, context, door);
		return isThenable(returned)
			? ended(returned, hasOutput)
			: delivered(returned, hasOutput);
	} catch (thrown) {
		return failed(thrown);
	}
}

async function ended(
	returned: PromiseLike<unknown>,
	hasOutput: boolean,
): Promise<Ended> {
	try {
		return delivered(await returned, hasOutput);
	} catch (thrown) {
		return failed(thrown);
	}
}

function delivered(returned: unknown, hasOutput: boolean): Ended {
	return hasOutput
		? { type: "delivered", output: JSON.stringify(returned ?? null) }
		: { type: "delivered" };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
	return typeof (value as PromiseLike<unknown> | null)?.then === "function";
}
