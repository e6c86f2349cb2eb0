/** Step 5, its core: one attempt of one handler, within its time. It reports an outcome and decides nothing. */

import type { AppDoor } from "./contract/app-door.ts";
import { parseBody } from "./contract/definition.ts";
import type {
	Handler,
	HandlerContext,
	TidingsEvent,
} from "./contract/handler.ts";
import { MAX_TIMEOUT } from "./contract/limits.ts";
import { type Ended, failed } from "./contract/outcome.ts";
import type { Timer } from "./timer.ts";

export interface Attempting {
	clock(): number;
	timer: Timer;
}

/**
 * Runs a handler once. Never rejects. Past its time the attempt has failed, and whatever the handler
 * still does, or throws, is ignored.
 *
 * @param event the handler's own copy
 * @param number which attempt it is, counted from 1
 * @param timeout its time in milliseconds
 */
export async function attempt(
	handler: Handler,
	{ id, name, body, time, delay }: TidingsEvent,
	number: number,
	timeout: number,
	{ clock, timer }: Attempting,
	{ hasOutput = false, door }: { hasOutput?: boolean; door?: AppDoor } = {},
): Promise<Ended> {
	const startedAt = clock();
	const abort = new AbortController();
	const overrun = Promise.withResolvers<Ended>();
	let stopTimer = () => {};
	let over = false;
	const context: HandlerContext = {
		handler: handler.id,
		attempt: number,
		signal: abort.signal,
		setTimeout(ms) {
			if (!(Number.isFinite(ms) && ms > 0 && ms <= MAX_TIMEOUT))
				throw new RangeError(
					`context.setTimeout: ${ms} is not a number of milliseconds above 0 and up to ${MAX_TIMEOUT}: it changes the attempt's time (for a timer, use globalThis.setTimeout)`,
				);
			setTime(ms);
		},
	};

	setTime(timeout);
	try {
		return await Promise.race([overrun.promise, run()]);
	} finally {
		over = true;
		stopTimer();
	}

	function setTime(ms: number): void {
		stopTimer();
		if (over) return;
		const left = startedAt + ms - clock();
		if (left > 0) stopTimer = timer(() => expire(ms), left);
		else expire(ms);
	}

	function expire(ms: number): void {
		over = true;
		overrun.resolve({ type: "timed_out", timeout: ms });
		abort.abort(
			new DOMException(`the attempt's ${ms} ms are over`, "TimeoutError"),
		);
	}

	async function run(): Promise<Ended> {
		try {
			const parsed = handler.schema
				? await parseBody(handler.schema, body)
				: { value: body };
			if ("issues" in parsed)
				return { type: "unparsable", issues: parsed.issues };
			if (over) return overrun.promise;
			const event = { id, name, body: parsed.value, time, delay };
			const returned = await handler.run(event, context, door);
			if (!hasOutput) return { type: "delivered" };
			return { type: "delivered", output: JSON.stringify(returned ?? null) };
		} catch (thrown) {
			return failed(thrown);
		}
	}
}
