/** The scheduler on a platform whose alarms behave as in production (cloudflare/workerd#6866), without other faults. */
import { expect, test } from "vitest";
import type { ScheduledRow } from "../../src/event/scheduled-row.ts";
import { boundPayloads, boundQueues } from "../../src/platform/bindings.ts";
import { setObjectContext } from "../../src/platform/object-context.ts";
import { DurableObject } from "../../src/testing/platform/cloudflare-workers.ts";
import { Fate } from "../../src/testing/platform/fate.ts";
import { Isolate } from "../../src/testing/platform/isolate.ts";
import { Platform } from "../../src/testing/platform/platform.ts";
import { shopOf } from "./shop.ts";

const START = Date.UTC(2027, 0, 1);
const SECOND = 1_000;

/** An object whose alarm handler sets its alarm once, `ahead` milliseconds ahead. */
class Rearming extends DurableObject {
	static runs = 0;
	readonly #storage = (this.ctx as DurableObjectState).storage;

	async set(ms: number): Promise<void> {
		await this.#storage.setAlarm(Date.now() + ms);
	}

	async alarm(): Promise<void> {
		if (++Rearming.runs === 1) await this.set(this.ahead);
	}

	get ahead(): number {
		return 0;
	}
}

class RearmingAhead extends Rearming {
	override get ahead(): number {
		return 1;
	}
}

/** A platform whose queues deliver to a list, without a cron trigger. */
function startPlatform() {
	setObjectContext({
		queues: boundQueues(() => 0),
		payloads: boundPayloads(),
		observe: () => {},
	});
	const delivered: string[] = [];
	const shop = shopOf(4 * 86_400_000);
	const platform = new Platform(
		{
			...shop,
			objects: {
				...shop.objects,
				Rearming: () => Rearming as never,
				RearmingAhead: () => RearmingAhead as never,
			},
			deployed: () => ({
				queue: async (batch) => {
					for (const { body } of batch.messages as { body: string }[])
						delivered.push(body);
					batch.ackAll();
				},
				scheduled: async () => {},
			}),
			skewed: 0,
		},
		new Fate(1, {}),
		START,
		() => {},
	);
	const caller = new Isolate(platform, "caller");
	return {
		delivered,
		platform,
		call: (className: string, method: string, ...args: unknown[]) =>
			caller.run(() =>
				platform.object(className, "shard-0").call(method, args),
			),
		pass: (ms: number) =>
			platform.time.run(platform.time.now + ms, () => false),
	};
}

test.each([
	["Rearming", "the present is lost", 1],
	["RearmingAhead", "the next millisecond fires", 2],
])("%s: an alarm set to %s inside alarm()", async (className, _, runs) => {
	const { call, pass, platform } = startPlatform();
	Rearming.runs = 0;
	void call(className, "set", SECOND);
	await pass(3_600 * SECOND);
	expect(Rearming.runs).toBe(runs);
	const standing = platform.object(className, "shard-0").alarm.at;
	expect(standing !== null).toBe(runs === 1);
	platform.close();
});

test("the scheduler never sets its alarm to the present inside alarm(), so no event waits for a lost alarm", async () => {
	const { call, delivered, pass, platform } = startPlatform();
	const row = (id: string, handler: string, dueAt: number): ScheduledRow => ({
		id,
		handler,
		name: "order.placed",
		dueAt,
		version: 0,
		reference: null,
		record: id,
	});
	// Deliveries keep the alarm busy for many batches, while whole events are done at once.
	const deliveries = Array.from({ length: 1_000 }, (_, n) =>
		row(`delivery ${n}`, "handler", START + SECOND),
	);
	void call("Scheduler", "store", deliveries);
	void call("Scheduler", "store", [row("first", "", START + SECOND)]);
	await pass(SECOND + 60);
	expect(delivered).toContain("first");
	expect(delivered.length).toBeLessThan(900);
	void call("Scheduler", "store", [row("second", "", platform.time.now)]);
	await pass(SECOND);
	expect(delivered).toHaveLength(1_002);
	expect(platform.object("Scheduler", "shard-0").alarm.at).toBeNull();
	platform.close();
});
