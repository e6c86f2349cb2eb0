/** Wraps the handlers of a Worker, so that a test sees each attempt and can make one fail or crash. */
import type { TidingsEvent } from "../event/envelope.ts";
import type { HandlerContext } from "../handlers/handler.ts";
import { HandlerRegistry } from "../handlers/registry.ts";
import type { Plans } from "./plans.ts";
import { here, Work } from "./platform/isolate.ts";
import type { RealWork } from "./real-work.ts";
import type { Recording, TestAttempt } from "./recording.ts";

interface Deps {
	plans: Plans;
	recording: Recording;
	realWork: RealWork;
}

/** @param prefix of the handlers' ids, for the handlers of another Worker */
export function observedHandlers(
	registry: HandlerRegistry,
	prefix: string,
	deps: Deps,
): HandlerRegistry {
	const observed = new HandlerRegistry();
	for (const handler of registry.list())
		observed.add({
			...handler,
			run(event, context, host) {
				const attempt: TestAttempt = {
					event: copyOf(event),
					handler: prefix + handler.id,
					attempt: context.attempt,
					outcome: "running",
					at: Date.now(),
				};
				return observe(attempt, context, deps, () =>
					handler.run(event, context, host),
				);
			},
		});
	return observed;
}

async function observe(
	attempt: TestAttempt,
	context: HandlerContext,
	{ plans, recording, realWork }: Deps,
	run: () => unknown,
): Promise<unknown> {
	const isolate = here();
	const work = new Work(isolate);
	realWork.started(work);
	const end = () => realWork.ended(work);
	const forget = isolate.onDeath(() => {
		recording.crash(attempt, isolate.platform.time.now);
		end();
	});
	recording.start(attempt, forget);
	// After its time, the attempt may go on, and nothing waits for it.
	context.signal.addEventListener("abort", end);
	const crash = () => {
		isolate.kill();
		return new Promise<never>(() => {});
	};
	try {
		if (plans.takesCrash("before-handler")) return await crash();
		plans.failIfPlanned(attempt.handler);
		const returned = await work.run(run);
		if (plans.takesCrash("after-handler")) return await crash();
		return returned;
	} finally {
		end();
	}
}

/** A copy of the event from before the attempt, because a handler may change the event. */
function copyOf(event: TidingsEvent): TidingsEvent {
	try {
		return structuredClone(event);
	} catch {
		// The output of a schema may have functions.
		return event;
	}
}
