/** The fan-out of an app's event: page by page, and complete after any failure. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SentBody } from "../../src/apps/app-event-body.ts";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { consume } from "../../src/consume/queue.ts";
import { replay } from "../../src/dead-letters/replay.ts";
import type { Delivery } from "../../src/event/envelope.ts";
import { Routes } from "../../src/handlers/route.ts";
import type { QueueRole } from "../../src/platform/queue-names.ts";
import { appPortsOf } from "../support/app-ports.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { refusal } from "./as-app.ts";
import { acts, bell } from "./more-apps.ts";
import { down, recordingPorts, type TestPorts } from "./ports.ts";
import { events } from "./worker.ts";

const NAME = "@test/bell/rung";
const CROWD = 1_200;
const ALL: SentBody = { filter: [], payload: { text: "hi" } };
const owner = appPortsOf(events);

let ids: number[] = [];

beforeAll(async () => {
	bell.clear();
	acts.clear();
	const subscriptions = boundSubscriptions(NAME);
	ids = [];
	for (let n = 0; n < CROWD; n += 100) {
		const joined = Array.from({ length: 100 }, (_, index) =>
			subscriptions.subscribe({
				app: "@test/guest",
				tool: "act",
				key: [["name", `door-${n + index}`]],
			}),
		);
		ids.push(...(await Promise.all(joined)).map(({ id }) => id));
	}
	ids.sort((one, other) => one - other);
});

type Ports = TestPorts;

/** Consumes a message, with redeliveries, until it is acknowledged. Returns the number of deliveries. */
async function take(
	text: string,
	ports: Ports,
	from: QueueRole = "retries",
	most = 100,
): Promise<number> {
	for (let attempts = 1; attempts <= most; attempts++) {
		const message = incoming(text, { attempts });
		await consume([message], from, ports);
		if (message.verdicts[0] === "ack") return attempts;
	}
	throw new Error(`the message was not acked in ${most} tries`);
}

const handlerOf = (text: string) => read(text).delivery?.handler ?? "";
const isRest = (text: string) => handlerOf(text).startsWith(NAME);

/** Consumes the event and the messages for further pages. Returns the deliveries to subscribers, in order. */
async function walk(
	first: string,
	ports: Ports,
): Promise<{ deliveries: string[]; messages: number }> {
	const deliveries: string[] = [];
	let messages = 0;
	for (let open = [first]; open.length > 0; ) {
		for (const text of open.splice(0)) {
			await take(text, ports, read(text).delivery ? "retries" : "events");
			const sent = [
				...ports.recorded.retries.splice(0).map(({ record }) => record),
				...ports.recorded.rows.splice(0).map((row) => row.record),
			];
			messages += sent.length;
			open.push(...sent.filter(isRest));
			deliveries.push(...sent.filter((one) => !isRest(one)).map(handlerOf));
		}
	}
	return { deliveries, messages };
}

const wanted = () => ids.map((id) => `@test/guest/act#${id}`);

describe("an event to 1 200 subscribers", () => {
	test("reaches every page: one delivery for each subscriber, and one message for each further page of 500", async () => {
		const ports = recordingPorts();
		const { deliveries, messages } = await walk(record(NAME, ALL), ports);
		expect(deliveries).toEqual(wanted());
		expect(messages).toBe(CROWD + 2);
	});

	test("has at most one page in memory, and no batch over a queue's limits", async () => {
		const asked: number[] = [];
		const ports = recordingPorts({
			subscriptionsOf(name) {
				const subscriptions = owner.subscriptionsOf(name);
				return {
					...subscriptions,
					async match(...args) {
						const found = await subscriptions.match(...args);
						asked.push(found.length);
						return found;
					},
				};
			},
		});
		const payload = { text: "x".repeat(100_000) };
		const batches: number[][] = [];
		ports.retriesQueue.sendBatch = async (records) => {
			batches.push(records.map((text) => text.length));
			ports.recorded.retries.push(
				...records.map((record) => ({ record, delaySeconds: 0 })),
			);
		};
		const { deliveries } = await walk(
			record(NAME, { filter: [], payload }),
			ports,
		);
		expect(deliveries).toEqual(wanted());
		expect(Math.max(...asked)).toBeLessThanOrEqual(500);
		for (const batch of batches) {
			expect(batch.length).toBeLessThanOrEqual(100);
			const bytes = batch.reduce((sum, size) => sum + size, 0);
			expect(bytes).toBeLessThan(256_000);
		}
	});

	test("to a field of one subscriber reaches only that one, with one message", async () => {
		const body: SentBody = { ...ALL, filter: [["name", "door-777"]] };
		const { deliveries, messages } = await walk(
			record(NAME, body),
			recordingPorts(),
		);
		expect(deliveries).toEqual([wanted()[777]]);
		expect(messages).toBe(1);
	});

	test.each([1, 2, 3, 5, 6, 7, 12])(
		"reaches every subscriber if queue and scheduler fail at batch %i of a page's first try",
		async (at) => {
			const ports = recordingPorts();
			const send = ports.retriesQueue.sendBatch;
			let sends = 0;
			let isDown = false;
			ports.retriesQueue.sendBatch = async (records) => {
				isDown = ++sends === at;
				return isDown ? down() : send(records);
			};
			const { store } = ports.scheduler;
			ports.scheduler.store = async (rows) => (isDown ? down() : store(rows));
			const { deliveries } = await walk(record(NAME, ALL), ports);
			expect(new Set(deliveries)).toEqual(new Set(wanted()));
			// No more than the page that came again.
			expect(deliveries.length).toBeLessThanOrEqual(CROWD + 500);
		},
	);

	test("uses the scheduler while the queue is down, and reaches each subscriber once", async () => {
		const ports = recordingPorts();
		ports.retriesQueue.sendBatch = down;
		const { deliveries } = await walk(record(NAME, ALL), ports);
		expect(deliveries).toEqual(wanted());
	});

	test("is redelivered while its subscriptions cannot be read", async () => {
		let isDown = true;
		const ports = recordingPorts({
			subscriptionsOf(name) {
				const subscriptions = owner.subscriptionsOf(name);
				return isDown ? { ...subscriptions, match: down } : subscriptions;
			},
		});
		const message = incoming(record(NAME, ALL));
		await consume([message], "events", ports);
		expect(message.verdicts).toEqual([{ retry: 5 }]);
		expect(ports.recorded).toMatchObject({
			retries: [],
			rows: [],
			deadLetters: [],
		});
		isDown = false;
		expect((await walk(record(NAME, ALL), ports)).deliveries).toEqual(wanted());
	});
});

/** Gives a message to the dead-letter queue, as the platform does after its retries. The dead letter is stored. */
async function abandon(text: string): Promise<void> {
	const ports = recordingPorts({ deadLetters: owner.deadLetters });
	await take(text, ports, "deadLetters");
}

/** Replays the dead letter of an abandoned message. Returns the record that is sent. */
async function replayed(text: string): Promise<string> {
	const envelope = read(text);
	await abandon(text);
	const { handler } = envelope.delivery as Delivery;
	const ports = recordingPorts();
	expect(await replay(`${envelope.id}:${handler}`, {}, ports)).toBe(1);
	return ports.recorded.retries[0]?.record as string;
}

describe("a message that the platform gave up on", () => {
	test("for the pages after the first becomes a dead letter whose replay continues with the next page", async () => {
		const ports = recordingPorts();
		await take(record(NAME, ALL), ports, "events");
		const rest = ports.recorded.retries
			.map((one) => one.record)
			.find(isRest) as string;
		const again = await replayed(rest);
		const { deliveries } = await walk(again, recordingPorts());
		expect(deliveries).toEqual(wanted().slice(500));
	});

	test("for all subscribers becomes one dead letter whose replay reaches all", async () => {
		const text = record(NAME, ALL);
		const { id } = read(text);
		await abandon(text);
		const ports = recordingPorts();
		expect(await replay(`${id}:${NAME}#`, {}, ports)).toBe(1);
		const again = ports.recorded.retries[0]?.record as string;
		const { deliveries } = await walk(again, recordingPorts());
		expect(deliveries).toEqual(wanted());
	});

	test("for one subscriber becomes a dead letter whose replay runs only that subscriber's tool", async () => {
		const handler = wanted()[3] as string;
		const again = await replayed(record(NAME, ALL, { handler, attempt: 2 }));
		const ports = recordingPorts();
		const got: unknown[] = [];
		acts.set("@test/guest", ({ subscription }, input) =>
			got.push([subscription?.key, input]),
		);
		await take(again, ports);
		acts.clear();
		expect(got).toEqual([[{ name: "door-3" }, { text: "hi" }]]);
		expect(ports.recorded.transitions).toMatchObject([
			{ type: "delivered", handler, attempt: 1 },
		]);
	});

	test.each([
		[{ text: "hi" }],
		[null],
		[[]],
		[{ filter: {}, payload: 1 }],
		[{ filter: [["name"]], payload: 1 }],
		[{ filter: [] }],
	])(
		"is not replayed with the edited body %j, which no event of an app has",
		async (body) => {
			const text = record(NAME, ALL, { handler: `${NAME}#`, attempt: 1 });
			const { id } = read(text);
			await abandon(text);
			const ports = recordingPorts();
			const edited = replay(`${id}:${NAME}#`, { edited: { body } }, ports);
			expect((await refusal(edited)).code).toBe("invalid_body");
			expect(ports.recorded.retries).toEqual([]);
		},
	);
});

test.each([
	[{ filter: [], payload: {} }, "schema_violation"],
	[{ filter: [], payload: { text: 7 } }, "schema_violation"],
	[{ filter: [["email", "a"]], payload: { text: "hi" } }, "invalid_body"],
])(
	"an edited body %j is refused with %s, as the app's own send would be",
	async (body, code) => {
		const text = record(NAME, ALL, { handler: `${NAME}#`, attempt: 1 });
		const { id } = read(text);
		await abandon(text);
		const ports = recordingPorts();
		const edited = replay(`${id}:${NAME}#`, { edited: { body } }, ports);
		expect((await refusal(edited)).code).toBe(code);
		expect(ports.recorded.retries).toEqual([]);
		const body2 = { filter: [["name", "a"]], payload: { text: "edited" } };
		expect(
			await replay(`${id}:${NAME}#`, { edited: { body: body2 } }, ports),
		).toBe(1);
	},
);

describe("a delivery to a subscriber", () => {
	const text = (attempt = 1) =>
		record(NAME, ALL, { handler: wanted()[0] as string, attempt });

	afterEach(() => acts.clear());

	test("uses up no attempt while its subscription cannot be read", async () => {
		const ports = recordingPorts({
			subscriptionsOf: (name) => ({
				...owner.subscriptionsOf(name),
				find: down,
			}),
		});
		const message = incoming(text(3));
		await consume([message], "retries", ports);
		expect(message.verdicts).toEqual(["ack"]);
		expect(ports.recorded.rows).toHaveLength(1);
		const [row] = ports.recorded.rows;
		expect(read(row?.record ?? "").delivery).toMatchObject({ attempt: 3 });
	});

	test("for an unknown tool waits, and becomes a dead letter after an hour", async () => {
		const subscriptions = boundSubscriptions(NAME);
		const { id } = await subscriptions.subscribe({
			app: "@test/guest",
			tool: "gone",
			key: [["name", "gone"]],
		});
		const ports = recordingPorts();
		const handler = `@test/guest/gone#${id}`;
		await take(record(NAME, ALL, { handler, attempt: 1 }), ports);
		expect(ports.recorded.transitions).toMatchObject([
			{ type: "waiting", handler },
		]);
		const waited = { handler, attempt: 1, unknownFor: 3_600_000 };
		await take(record(NAME, ALL, waited), ports);
		expect(ports.recorded.transitions.at(-1)).toMatchObject({
			type: "dead",
			cause: "unknown_handler",
			handler,
		});
		await subscriptions.unsubscribe("@test/guest", [["name", "gone"]]);
	});

	test("for a tool of an unreachable Worker waits for that Worker, and does not count as unknown", async () => {
		const [own] = owner.workers.all;
		const silent = { ...own, key: "guests", routes: async () => undefined };
		const without = { ...own, key: "", routes: async () => new Routes([]) };
		const apps = async () => undefined;
		const [listed] = owner.appWorkers;
		const ports = recordingPorts({
			workers: { ...owner.workers, all: [silent, without] as never },
			appWorkers: [
				{ ...listed, worker: silent, apps, had: () => false } as never,
			],
		});
		await take(text(), ports);
		const [row] = ports.recorded.rows;
		expect(read(row?.record ?? "").delivery).toEqual({
			handler: wanted()[0],
			attempt: 1,
			unreachableFor: 60_000,
		});
		expect(ports.recorded.transitions).toMatchObject([
			{ type: "waiting", reason: "worker_unreachable" },
		]);
	});

	test("whose body has expired becomes one dead letter", async () => {
		const { body: _, ...rest } = JSON.parse(text());
		const ports = recordingPorts();
		await take(JSON.stringify({ ...rest, reference: "no-such-body" }), ports);
		expect(ports.recorded.deadLetters).toHaveLength(1);
		expect(ports.recorded.transitions).toMatchObject([
			{ type: "dead", cause: "payload_missing", handler: wanted()[0] },
		]);
	});
});
