/** Wraps the handlers of a Worker, so that a test sees each attempt and can make one fail or crash. */
import type { HandlerContext } from "../handlers/handler.ts";
import { HandlerRegistry } from "../handlers/registry.ts";
import type { PlannedCrashes } from "./planned-crashes.ts";
import type { PlannedFailures } from "./planned-failures.ts";
import { here, Work } from "./platform/isolate.ts";
import type { RealWork } from "./real-work.ts";
import { attemptOf, type Recording, type TestAttempt } from "./recording.ts";

interface Deps {
	failures: PlannedFailures;
	crashes: PlannedCrashes;
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
				const attempt = attemptOf(prefix + handler.id, event, context);
				return observe(attempt, context, deps, () =>
					handler.run(event, context, host),
				);
			},
		});
	return observed;
}

/** Runs one attempt, unless the test has planned that it fails or crashes. */
async function observe(
	attempt: TestAttempt,
	context: HandlerContext,
	{ failures, crashes, recording, realWork }: Deps,
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
		if (crashes.takesCrash("before-handler")) return await crash();
		failures.failIfPlanned(attempt.handler);
		const returned = await work.run(run);
		if (crashes.takesCrash("after-handler")) return await crash();
		return returned;
	} finally {
		end();
	}
}
