/** Measures the test kit: a year with 1 000 scheduled events, each of which fails once. `npm run bench:kit` prints it. */
import { createEvents } from "../../src/index.ts";
import { createTestEvents } from "../../src/testing/testing.ts";

const EVENTS = 1_000;
const ROUNDS = 3;

/** Between two events, in milliseconds. */
const GAP = 31_000_000;

const events = createEvents({ observe: () => {} });
events.on("tick", { id: "handle" }, (_, { attempt }) => {
	if (attempt === 1) throw new Error("not yet");
});

for (let round = 1; round <= ROUNDS; round += 1) {
	using bus = createTestEvents(events);
	await bus.publishBatch(
		Array.from({ length: EVENTS }, (_, n) => ({
			name: "tick",
			after: (n + 1) * GAP,
		})),
	);
	const startedAt = performance.now();
	const before = process.cpuUsage();
	await bus.advance("1 year");
	const { user, system } = process.cpuUsage(before);
	const attempts = bus.attempts();
	const delivered = attempts.filter(({ outcome }) => outcome === "delivered");
	console.log(
		`round ${round}: ${attempts.length} attempts, ${delivered.length} delivered, ${(performance.now() - startedAt).toFixed()} ms, ${((user + system) / 1_000).toFixed()} ms of CPU`,
	);
}
