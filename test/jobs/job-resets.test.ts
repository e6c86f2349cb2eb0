/** A job whose object is reset in the middle of batches: each dead letter is resolved, and progress never goes back. */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import type { DeadLetters } from "../../src/dead-letters/dead-letters-object.ts";
import { newId } from "../../src/event/id.ts";
import type { Jobs } from "../../src/jobs/jobs-object.ts";
import { runStep } from "../../src/jobs/run-step.ts";
import { objectPort } from "../../src/platform/bindings.ts";
import { setObjectContext } from "../../src/platform/object-context.ts";
import type { DeadLetterStore } from "../../src/ports.ts";
import { read } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";

const LETTERS = 500;
const RESETS = 5;
const BATCH = 100;

const objects = exports as unknown as {
	DeadLetters: DurableObjectNamespace<DeadLetters>;
	Jobs: DurableObjectNamespace<Jobs>;
};

afterEach(() => vi.useRealTimers());

test("a job that is reset five times resolves each dead letter, and none twice beyond the batch in flight", async () => {
	vi.useFakeTimers({ toFake: ["Date"] });
	const store = objects.DeadLetters.getByName("resets");
	const jobs = objects.Jobs.getByName("resets");
	const now = Date.now();
	const letters = Array.from({ length: LETTERS }, () => {
		const id = newId(now, 4);
		return {
			id: `${id}:load`,
			handler: "load",
			attempts: 1,
			body: "1",
			head: { id, name: "load.one", time: now, delay: 0 },
			cause: "exhausted" as const,
			error: { name: "Error", message: "no" },
			firstFailureAt: now,
			lastFailureAt: now,
		};
	});
	for (let from = 0; from < LETTERS; from += 1_000)
		await store.store(letters.slice(from, from + 1_000));

	// The job runs in its own object, which must not use the stub of this test.
	const deadLetters = objectPort<DeadLetterStore>("DeadLetters", "resets", [
		"list",
		"get",
		"claim",
		"confirmSent",
		"release",
		"resolve",
	]);
	const ports = recordingPorts({ deadLetters });
	const sends = new Map<string, number>();
	let sendsLeft = Number.POSITIVE_INFINITY;
	ports.retriesQueue.send = async (record) => {
		// The call dies with its object: nothing of the batch is stored after this.
		if (sendsLeft-- <= 0) throw new Error("the object was reset");
		const { id, delivery } = read(record);
		sends.set(id, (sends.get(id) ?? 0) + 1);
		await deadLetters.resolve(`${id}:load`, delivery?.replay ?? 0);
	};
	setObjectContext({ runJobStep: (step) => runStep(step, ports, 0) });

	const job = { id: "j1", action: "replay", q: "name:load.*" } as const;
	await jobs.start({ ...job, count: LETTERS, by: "admin" });
	let steps = 0;
	let done = 0;
	for (let state = "running"; state === "running"; steps++) {
		const isReset = steps < RESETS;
		sendsLeft = isReset ? BATCH / 2 : Number.POSITIVE_INFINITY;
		vi.setSystemTime(Date.now() + 62_000);
		await runDurableObjectAlarm(jobs);
		if (isReset) await evictDurableObject(jobs);
		const progress = await jobs.get("j1");
		state = progress?.state ?? "missing";
		expect(progress?.done).toBeGreaterThanOrEqual(done);
		done = progress?.done ?? 0;
	}
	expect(await store.counts()).toMatchObject({
		dead: 0,
		replaying: 0,
		resolved: LETTERS,
	});
	expect(sends.size).toBe(LETTERS);
	// An outage ends a batch early, and what was done before it counts.
	expect(done).toBe(LETTERS);
	const twice = [...sends.values()].filter((count) => count > 1).length;
	expect(twice).toBeLessThanOrEqual(RESETS * BATCH);
	expect(twice).toBe(0);
}, 60_000);
