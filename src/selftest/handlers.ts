/** The handlers of canaries. Some fail on purpose; each does what its canary is to prove. They register no route. */
import { discard, replay } from "../dead-letters/replay.ts";
import { deadLetterId } from "../event/dead-letter.ts";
import { encodeEvent } from "../event/encode.ts";
import { headOf, type TidingsEvent } from "../event/envelope.ts";
import { INLINE_BYTES } from "../event/limits.ts";
import type { Outcome } from "../event/outcome.ts";
import type { Reporter } from "../handlers/call.ts";
import type { Handler } from "../handlers/handler.ts";
import { NonRetryableError } from "../handlers/handler-errors.ts";
import { HandlerRegistry } from "../handlers/registry.ts";
import { policyOf, type Retries } from "../handlers/retry-policy.ts";
import { inTime } from "../platform/timer.ts";
import type { Ports } from "../ports.ts";
import {
	CANARIES,
	type CanaryName,
	CLEANUP,
	canaryEvent,
	OPERATOR,
	RUN_TIME,
} from "./canary.ts";
import { clean } from "./clean.ts";

/** A body that does not fit in a message. */
export const LARGE = "x".repeat(INLINE_BYTES);

const eachSecond = (limit: number): Retries => {
	return { limit, backoff: "constant", base: 1_000 };
};

/** Retries of a canary. A Worker may be away for a moment, in a deploy. */
const RETRIES = eachSecond(2);

/** Handlers by the names of their events, which are also their ids. */
export function canaryHandlers(ports: Ports): HandlerRegistry {
	const registry = new HandlerRegistry();
	const add = (id: string, retries: Retries, run: Handler["run"]) =>
		registry.add({ id, patterns: [], policy: policyOf(retries), run });
	const runs: Partial<Record<CanaryName, Handler["run"]>> = {
		large({ body }) {
			if (body !== LARGE) throw new Error("the large body has changed");
		},
		retried(_, { attempt }) {
			if (attempt === 1) throw onPurpose();
		},
		dead() {
			throw onPurpose();
		},
		replayed(_, __, host) {
			if ((host as { replay: number }).replay === 0) throw onPurpose();
		},
		worker: (event) => callWorker(event, ports),
	};
	for (const name of CANARIES) {
		const retries = name === "dead" || name === "replayed" ? 0 : RETRIES;
		add(canaryEvent(name), retries, runs[name] ?? (() => {}));
	}
	add(OPERATOR, eachSecond(RUN_TIME / 1_000), (event) => operate(event, ports));
	add(CLEANUP, {}, (event) => clean(event, ports));
	return registry;
}

function onPurpose(): Error {
	return new Error("this canary fails on purpose");
}

/** Less than the timeout of an attempt, whose error would not name the Worker. In milliseconds. */
const ANSWER_WITHIN = 4_000;

/** No handler can have this id: it has a space. */
const NO_HANDLER = "tidings selftest";

/** Calls a bound Worker for a handler that it cannot have: only a Worker that is reached reports that it has none. */
async function callWorker(event: TidingsEvent, ports: Ports): Promise<void> {
	const { worker: key } = event.body as { worker: string };
	const worker = ports.workers.all.find((one) => one.key === key);
	if (!worker)
		throw new NonRetryableError(`tidings.config.ts has no Worker ${key}`);
	const reported: Outcome[] = [];
	const handler = {
		deliveryHandler: NO_HANDLER,
		handler: NO_HANDLER,
		attempt: 1,
		timeout: 1,
	};
	const record = encodeEvent(headOf(event), { text: "null" });
	const report: Reporter = async (_, outcome) => void reported.push(outcome);
	const call = { record, handlers: [handler], within: ANSWER_WITHIN };
	try {
		await inTime(worker.run(call, report), ANSWER_WITHIN, ports.timer);
	} catch (cause) {
		const { message } = cause as Error;
		throw new Error(`the Worker ${key} was not reached: ${message}`, { cause });
	}
	const [outcome] = reported;
	if (outcome?.type !== "unknown_handler")
		throw new Error(
			`the Worker ${key} answered ${outcome?.type ?? "nothing"}, not unknown_handler`,
		);
}

/** The events whose dead letters are replayed and discarded. */
export interface OperatorBody {
	dead: string;
	replayed: string;
}

/** Replays one dead letter and discards the other, once both are stored. An attempt that was cut off is completed. */
async function operate({ body }: TidingsEvent, ports: Ports): Promise<void> {
	const events = body as OperatorBody;
	const [dead, replayed] = (["dead", "replayed"] as const).map((name) =>
		deadLetterId(events[name], canaryEvent(name)),
	) as [string, string];
	const [toDiscard, toReplay] = await Promise.all(
		[dead, replayed].map((id) => ports.deadLetters.get(id)),
	);
	// A discarded dead letter is not found any more.
	if (!toReplay || (!toDiscard && toReplay.state === "dead"))
		throw new Error("the dead letters are not stored yet");
	if (toReplay.state === "dead") await replay(replayed, {}, ports);
	if (toDiscard) await discard(dead, ports);
}
