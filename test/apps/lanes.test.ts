/** An app's event uses the lane of its send up to the last subscriber. */
import { afterEach, beforeAll, expect, test } from "vitest";
import { send } from "../../src/apps/send.ts";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { consume } from "../../src/consume/queue.ts";
import type { RecordQueue } from "../../src/platform/queues.ts";
import { incoming, read } from "../support/incoming.ts";
import { refusal } from "./as-app.ts";
import { acts, bell } from "./more-apps.ts";
import { recordingPorts } from "./ports.ts";

const sent = { payload: { text: "hi" }, lane: "bulk" };

beforeAll(async () => {
	bell.clear();
	for (const name of ["front", "back"])
		await boundSubscriptions("@test/bell/rung").subscribe({
			app: "@test/guest",
			tool: "act",
			key: [["name", name]],
		});
});

afterEach(() => acts.clear());

/** A queue that records what it is sent. */
function laneOf(records: string[]) {
	return {
		send: async (record: string) => void records.push(record),
		sendBatch: async (batch: readonly string[]) => void records.push(...batch),
	};
}

/** Ports with the lane `bulk`. */
function withBulkLane(bulk: Record<"events" | "retries", RecordQueue>) {
	const ports = recordingPorts();
	const { queues } = ports;
	ports.queues = {
		...queues,
		lanes: () => ["bulk"],
		events: (lane) => (lane === "bulk" ? bulk.events : queues.events()),
		retries: (lane) => (lane === "bulk" ? bulk.retries : queues.retries()),
	};
	return ports;
}

test("an app's event uses the queue of its lane, and its deliveries use the lane's retries", async () => {
	const [events, retries]: [string[], string[]] = [[], []];
	const bulk = { events: laneOf(events), retries: laneOf(retries) };
	const ports = withBulkLane(bulk);
	await send("@test/bell", "rung", sent, ports);
	expect(ports.recorded.events).toEqual([]);
	const [event] = events as [string];
	expect(read(event)).toMatchObject({ name: "@test/bell/rung", lane: "bulk" });

	await consume([incoming(event)], "events", ports);
	expect(ports.recorded.retries).toEqual([]);
	expect(retries.map((record) => read(record))).toMatchObject([
		{
			lane: "bulk",
			delivery: { handler: expect.stringMatching(/^@test.guest/) },
		},
		{
			lane: "bulk",
			delivery: { handler: expect.stringMatching(/^@test.guest/) },
		},
	]);
});

test("a scheduled app's event stores its lane in its row", async () => {
	const bulk = { events: laneOf([]), retries: laneOf([]) };
	const ports = withBulkLane(bulk);
	await send("@test/bell", "rung", { ...sent, after: "1 day" }, ports);
	expect(ports.recorded.rows.map(({ record }) => read(record).lane)).toEqual([
		"bulk",
	]);
});

test("an app's event to an unknown lane is rejected", async () => {
	const ports = recordingPorts();
	expect(await refusal(send("@test/bell", "rung", sent, ports))).toMatchObject({
		code: "unknown_lane",
	});
});
