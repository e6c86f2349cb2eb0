/** The calls of a bus that report what happened, and plan what fails. They are the same on every platform. */
import type { KnownHandlers } from "./known-handlers.ts";
import type { PlannedFailures } from "./planned-failures.ts";
import type { Recording } from "./recording.ts";
import type { TestEvents } from "./test-events.ts";

type Observations = Pick<
	TestEvents,
	"published" | "attempts" | "deadLetters" | "failNext" | "timeline"
>;

/** Returns `published` of a bus: the events of a recording, or those of one name. */
export function publishedIn(recording: Recording): TestEvents["published"] {
	return (name?: string) =>
		recording.published.filter(
			(event) => name === undefined || event.name === name,
		) as never;
}

export function observationsOf(
	recording: Recording,
	failures: PlannedFailures,
	handlers: KnownHandlers,
): Observations {
	return {
		published: publishedIn(recording),
		attempts(handler) {
			if (handler !== undefined) handlers.check(handler);
			return recording.attempts
				.filter((one) => handler === undefined || one.handler === handler)
				.map((one) => ({ ...one }));
		},
		deadLetters: () => recording.deadLetters,
		failNext(handler, times, error) {
			handlers.check(handler);
			failures.failNext(handler, times, error);
		},
		timeline: () => recording.timeline.toString(),
	};
}
