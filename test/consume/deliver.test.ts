import { afterEach, beforeEach, expect, test } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { byteLength } from "../../src/event/json.ts";
import { QUEUE_WAIT } from "../../src/event/limits.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { down, recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

const NOW = Date.UTC(2027, 0, 1);
const HOUR = 3_600_000;

beforeEach(() => {
	for (const id of ["ampt", "first"])
		behaviours.set(id, () => {
			throw new Error("no");
		});
});
afterEach(() => behaviours.clear());

test("a delivery keeps when it was first tried and how it first failed, however often it fails", async () => {
	const ports = recordingPorts({ clock: () => NOW });
	const first = {
		firstAttemptAt: NOW - HOUR,
		firstFailureAt: NOW - HOUR + 5,
		firstFailure: { name: "Error", message: "the first" },
	};
	const delivery = { handler: "ampt", attempt: 2, ...first };
	const message = incoming(record("ampt.like", 1, delivery, NOW), {
		attempts: 90,
		sentAt: NOW - HOUR,
	});
	await consume([message], "retries", ports);
	expect(read(ports.recorded.rows[0]?.record ?? "").delivery).toEqual({
		...delivery,
		attempt: 2 + 89 + 1,
	});
});

test.each([
	["to the end of its 12 hours in the queue", 3 * 60_000, 180],
	["a minute where those are over", -HOUR, 60],
])(
	"what the scheduler does not take comes again, its wait cut %s",
	async (_, left, delaySeconds) => {
		const ports = recordingPorts({ clock: () => NOW });
		ports.scheduler.store = down;
		const delivery = { handler: "ampt", attempt: 2, firstAttemptAt: NOW };
		const sentAt = NOW - QUEUE_WAIT + left;
		const message = incoming(record("ampt.like", 1, delivery), { sentAt });
		await consume([message], "retries", ports);
		expect(message.verdicts).toEqual([{ retry: delaySeconds }]);
	},
);

test("what the scheduler does not take waits no longer than it was to wait", async () => {
	const ports = recordingPorts({ clock: () => NOW });
	ports.scheduler.store = down;
	const delivery = { handler: "ampt", attempt: 2, firstAttemptAt: NOW };
	const message = incoming(record("ampt.like", 1, delivery), {
		attempts: 95,
		sentAt: NOW - HOUR,
	});
	await consume([message], "retries", ports);
	expect(message.verdicts).toEqual([{ retry: 360 }]);
});

test("an event is split within the bytes of a batch, in UTF-8", async () => {
	const ports = recordingPorts();
	const sizes: number[] = [];
	ports.retriesQueue.sendBatch = async (records) =>
		void sizes.push(byteLength(records.join("")));
	const message = incoming(record("order.placed", "€".repeat(30_000)), {
		attempts: 2,
	});
	await consume([message], "events", ports);
	expect(sizes).toHaveLength(2);
	expect(Math.max(...sizes)).toBeLessThan(240_000);
});

test("each handler gets a copy of its own of a body that travels by reference", async () => {
	const ports = recordingPorts();
	const { body: _, ...rest } = read(record("order.placed"));
	ports.recorded.payloads.set(rest.id, { text: '{"n":1}', until: 0 });
	const seen: unknown[] = [];
	for (const id of ["first", "second", "third"])
		behaviours.set(id, ({ body }) => {
			seen.push((body as { n: number }).n);
			(body as { n: number }).n = 99;
		});
	const message = incoming(JSON.stringify({ ...rest, reference: rest.id }));
	await consume([message], "events", ports);
	expect(seen).toEqual([1, 1, 1]);
});

test("a replay waits in the scheduler as further on than any attempt before it", async () => {
	const ports = recordingPorts();
	behaviours.set("long", () => {
		throw new Error("not yet");
	});
	const before = record("long.wait", 1, { handler: "long", attempt: 9 });
	const replayed = record("long.wait", 1, {
		handler: "long",
		attempt: 1,
		replay: 1,
	});
	for (const text of [before, replayed])
		await consume([incoming(text)], "retries", ports);
	const [old, young] = ports.recorded.rows.map(({ version }) => version);
	expect(old).toBe(10);
	expect(young).toBeGreaterThan(Number(old));
});
