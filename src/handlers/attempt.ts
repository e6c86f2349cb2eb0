/** Runs one handler once, within its time. It reports an outcome and decides nothing. */
import { parseBody } from "../event/definition.ts";
import type { Envelope, TidingsEvent } from "../event/envelope.ts";
import { serializeError } from "../event/failure.ts";
import { bodyText } from "../event/json.ts";
import { MAX_TIMEOUT } from "../event/limits.ts";
import { type Outcome, timeoutText } from "../event/outcome.ts";
import type { Ports } from "../ports.ts";
import type { Handler, HandlerContext } from "./handler.ts";
import { retryWishOf } from "./handler-errors.ts";

/** Members of an envelope that handlers receive in their context. */
type Labels = Pick<Envelope, "tags" | "trace" | "cloudEvent">;

interface AttemptOptions {
	/** Counted from 1. */
	attempt: number;
	/** Milliseconds. */
	timeout: number;
	/** Whether the caller wants the returned value as JSON. */
	hasOutput?: boolean | undefined;
	/** Given to the handlers of an extension; see `consume/extension.ts`. */
	host?: object | undefined;
}

/**
 * Runs a handler once. Never throws. After its time the attempt has failed, and everything the handler still
 * does is ignored.
 *
 * @param event the handler's own copy
 */
export async function attempt(
	handler: Handler,
	event: TidingsEvent,
	options: AttemptOptions,
	ports: Pick<Ports, "clock" | "timer">,
): Promise<Outcome> {
	// The first outcome counts. A deadline that expires while the handler runs comes first.
	const { promise, resolve } = Promise.withResolvers<Outcome>();
	const deadline = new Deadline(options.timeout, resolve, ports);
	runHandler(handler, event, options, deadline).then(resolve);
	const outcome = await promise;
	deadline.clear();
	return outcome;
}

async function runHandler(
	handler: Handler,
	received: TidingsEvent & Labels,
	{ attempt, hasOutput, host }: AttemptOptions,
	deadline: Deadline,
): Promise<Outcome> {
	const { id, name, body, time, delay } = received;
	const event = { id, name, body, time, delay };
	try {
		if (handler.schema) {
			const parsed = await parseBody(handler.schema, body);
			if ("issues" in parsed)
				return { type: "unparsable", issues: parsed.issues };
			if (deadline.isOver()) return deadline.outcome;
			event.body = parsed.value;
		}
		const context = contextOf(handler.id, attempt, received, deadline);
		const returned = await handler.run(event, context, host);
		return hasOutput
			? {
					type: "delivered",
					output: bodyText(returned ?? null, "the returned value"),
				}
			: { type: "delivered" };
	} catch (thrown) {
		return failed(thrown);
	}
}

/** The outcome of a handler that threw. */
export function failed(thrown: unknown): Outcome & { type: "failed" } {
	const wants = retryWishOf(thrown);
	return {
		type: "failed",
		error: serializeError(thrown),
		...(wants && { wants }),
	};
}

function contextOf(
	handler: string,
	attempt: number,
	{ tags = {}, trace, cloudEvent }: Labels,
	deadline: Deadline,
): HandlerContext {
	return {
		handler,
		attempt,
		tags,
		...(trace !== undefined && { traceparent: trace }),
		...(cloudEvent && { cloudEvent }),
		get signal() {
			return deadline.signal;
		},
		setTimeout(ms) {
			if (!(Number.isFinite(ms) && ms > 0 && ms <= MAX_TIMEOUT))
				throw new RangeError(
					`context.setTimeout: ${ms} is not a number of milliseconds above 0 and up to ${MAX_TIMEOUT}; it changes the attempt's time (for a timer, use globalThis.setTimeout)`,
				);
			deadline.set(ms);
		},
	};
}

/** The end of one attempt's time. */
class Deadline {
	readonly #ports: Pick<Ports, "clock" | "timer">;
	readonly #startedAt: number;
	readonly #onExpiry: (outcome: Outcome) => void;
	#abort: AbortController | undefined;
	#timeout: number;
	/** Milliseconds until `set` made the attempt expire. */
	#elapsed: number | undefined;
	#state: "running" | "expired" | "cleared" = "running";
	#stopTimer: (() => void) | undefined;

	constructor(
		timeout: number,
		onExpiry: (outcome: Outcome) => void,
		ports: Pick<Ports, "clock" | "timer">,
	) {
		this.#ports = ports;
		this.#onExpiry = onExpiry;
		this.#startedAt = ports.clock();
		this.#timeout = timeout;
		this.#arm(timeout);
	}

	/** The outcome of an attempt whose time is over. */
	get outcome(): Outcome & { type: "timed_out" } {
		const elapsed = this.#elapsed;
		return {
			type: "timed_out",
			timeout: this.#timeout,
			...(elapsed !== undefined && { elapsed }),
		};
	}

	/** Aborts when the time is over. */
	get signal(): AbortSignal {
		this.#abort ??= new AbortController();
		if (this.#state === "expired") this.#abort.abort(this.#reason());
		return this.#abort.signal;
	}

	isOver(): boolean {
		return this.#state === "expired";
	}

	/** Sets another timeout, counted from the start. One that has already elapsed expires at once. */
	set(timeout: number): void {
		if (this.#state !== "running") return;
		this.#timeout = timeout;
		this.#stopTimer?.();
		const elapsed = this.#ports.clock() - this.#startedAt;
		if (elapsed > timeout) this.#elapsed = elapsed;
		this.#arm(timeout - elapsed);
	}

	/** The attempt has ended. */
	clear(): void {
		this.#stopTimer?.();
		if (this.#state === "running") this.#state = "cleared";
	}

	#arm(left: number): void {
		if (left <= 0) this.#expire();
		else this.#stopTimer = this.#ports.timer(() => this.#expire(), left);
	}

	#expire(): void {
		this.#state = "expired";
		this.#onExpiry(this.outcome);
		this.#abort?.abort(this.#reason());
	}

	#reason(): DOMException {
		return new DOMException(
			`the attempt did not end ${timeoutText(this.outcome)}`,
			"TimeoutError",
		);
	}
}
