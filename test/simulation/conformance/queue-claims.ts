/** Claims about queues, for the simulated and the real platform. */
import { expect, test } from "vitest";
import type { Bench } from "./bench.ts";
import type { Delivery } from "./notes.ts";
import { LATER, type Script } from "./script.ts";

/** As in `wrangler.toml`. */
const BATCH_SIZE = 10;

/** The other messages of a batch, without verdicts. */
const AMONG = Array.from({ length: BATCH_SIZE - 1 }, () => undefined);

export function queueClaims(bench: Bench): void {
	test("a message has attempt 1, its body and the time of its send", async () => {
		const name = await bench.send([["ack"]]);
		const [delivery] = await bench.deliveries([name], 1);
		expect(delivery).toMatchObject({
			attempts: 1,
			queue: "work",
			body: { name, does: [["ack"]] },
		});
		const { timestamp, at } = delivery as Delivery;
		expect(timestamp).toBeLessThanOrEqual(at);
		expect(timestamp).toBeGreaterThan(at - 5_000);
	});

	test("a message without a verdict is acknowledged when the handler returns", async () => {
		const names = await bench.sendBatch([undefined, [["ack"]]]);
		await bench.settle();
		expect(attemptsOf(names, await bench.deliveries(names, 1))).toEqual([
			[1],
			[1],
		]);
	});

	test("retry() redelivers one message with its id, and no other of its batch", async () => {
		const names = await bench.sendBatch([[["retry"]], ...AMONG]);
		const [again, ...others] = names as [string, ...string[]];
		await bench.deliveries([again], 2);
		await bench.settle();
		const deliveries = await bench.deliveries(names, 1);
		expect(attemptsOf([again], deliveries)).toEqual([[1, 2]]);
		expect(attemptsOf(others, deliveries)).toEqual(AMONG.map(() => [1]));
		const ids = new Set(deliveries.map(({ id }) => id));
		expect(ids.size).toBe(names.length);
	});

	test("retry() with a delay redelivers no earlier", async () => {
		const name = await bench.send([["retryLater"]]);
		const [first, second] = (await bench.deliveries([name], 2)) as [
			Delivery,
			Delivery,
		];
		expect(second.at - first.at).toBeGreaterThanOrEqual(LATER * 1_000);
		expect(second.timestamp).toBe(first.timestamp);
	});

	test("a throw redelivers the messages of its batch without a verdict, and no others", async () => {
		let largest = 0;
		for (let round = 0; round < 3; round++) {
			const names = await bench.sendBatch([[["throw"]], ...AMONG]);
			const [thrower] = names as [string];
			const [{ batch }] = (await bench.deliveries([thrower], 2)) as [Delivery];
			await bench.settle();
			const deliveries = await bench.deliveries(names, 1);
			expect(attemptsOf(names, deliveries)).toEqual(
				names.map((name) => (batch.includes(name) ? [1, 2] : [1])),
			);
			largest = Math.max(largest, batch.length);
		}
		expect(largest).toBeGreaterThan(1);
	});

	// Only the local runtime redelivers messages that were acknowledged before the throw.
	test("a throw redelivers messages without a verdict, whatever verdicts the others have", async () => {
		const names = await bench.sendBatch([undefined, [["throw"]], [["ack"]]]);
		const open = names.slice(0, 2) as [string, string];
		const [{ batch }] = (await bench.deliveries([open[1]], 2)) as [Delivery];
		await bench.settle();
		expect(attemptsOf(open, await bench.deliveries(open, 1))).toEqual(
			open.map((name) => (batch.includes(name) ? [1, 2] : [1])),
		);
	});

	test("the first verdict counts", async () => {
		const names = await bench.sendBatch([
			[["ack", "retry"]],
			[["retry", "ack"]],
		]);
		await bench.deliveries(names.slice(1), 2);
		await bench.settle();
		expect(attemptsOf(names, await bench.deliveries(names, 1))).toEqual([
			[1],
			[1, 2],
		]);
	});

	test("ackAll() is a first verdict, too", async () => {
		const name = await bench.send([["ackAll", "retry"]]);
		await bench.settle();
		expect(attemptsOf([name], await bench.deliveries([name], 1))).toEqual([
			[1],
		]);
	});

	test("retryAll() redelivers each message of its batch", async () => {
		const names = await bench.sendBatch([[["retryAll"]], ...AMONG]);
		const [all] = names as [string];
		const [{ batch }] = (await bench.deliveries([all], 2)) as [Delivery];
		await bench.settle();
		expect(attemptsOf(names, await bench.deliveries(names, 1))).toEqual(
			names.map((name) => (batch.includes(name) ? [1, 2] : [1])),
		);
	});

	test.each<[what: string, does: Script["does"]]>([
		["retry", [["retryLater"], ["retry"], ["retry"], ["retry"]]],
		["throw", [["throw"], ["throw"], ["throw"], ["throw"]]],
	])(
		"after its last %s a message goes to the dead-letter queue with its id and time; two retries are three deliveries",
		async (_, does) => {
			const name = await bench.send(does);
			const [dead] = await bench.deliveries([name], 1, "dead");
			await bench.settle();
			const deliveries = await bench.deliveries([name], 3);
			expect(attemptsOf([name], deliveries)).toEqual([[1, 2, 3]]);
			const [{ id, timestamp, body }] = deliveries as [Delivery];
			expect(dead).toMatchObject({ attempts: 1, id, timestamp, body });
		},
	);

	test("a message is delivered after the delay of send() or sendBatch(), with the body of the send", async () => {
		const sent = [
			await bench.send(undefined, 1),
			...(await bench.sendBatch([undefined, undefined], 1)),
		];
		for (const { timestamp, at } of await bench.deliveries(sent, 1))
			expect(at - timestamp).toBeGreaterThanOrEqual(1_000);
	});

	test("a batch has at most max_batch_size messages, and each message is delivered once", async () => {
		const names = await bench.sendBatch(Array.from({ length: 95 }));
		const deliveries = await bench.deliveries(names, 1);
		expect(deliveries).toHaveLength(names.length);
		for (const { batch } of deliveries)
			expect(batch.length).toBeLessThanOrEqual(BATCH_SIZE);
	});
}

/** Returns the attempts of each message's deliveries. */
function attemptsOf(
	names: readonly string[],
	deliveries: readonly Delivery[],
): number[][] {
	return names.map((name) =>
		deliveries
			.filter((one) => one.name === name)
			.map(({ attempts }) => attempts),
	);
}
