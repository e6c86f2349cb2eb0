/** Failures between two steps: an accepted call is never lost, and a repetition is the same event. */
import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AppWorker } from "../../src/apps/app-ports.ts";
import { runPart } from "../../src/apps/run-tool.ts";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import type { Subscriptions } from "../../src/apps/subscriptions/subscriptions-object.ts";
import { acceptMail } from "../../src/apps/webhooks/accept-mail.ts";
import { acceptWebhook } from "../../src/apps/webhooks/accept-webhook.ts";
import type { HookRequest } from "../../src/apps/webhooks/trigger.ts";
import { read } from "../support/incoming.ts";
import { asApp, atDoor, refusal } from "./as-app.ts";
import { acts, bell } from "./more-apps.ts";
import { down, recordingPorts, type TestPorts } from "./ports.ts";
import { stopped, wait } from "./support.ts";

const NAME = "@test/bell/rung";
const subscriptions = boundSubscriptions(NAME);
const called = { app: "@test/bell", event: "rung" };
const front = { floor: 1, isOpen: true, name: "front" };

async function requestOf(
	deliveryId?: string,
	bytes = new Uint8Array([1]),
): Promise<Omit<HookRequest, "webhookUrl">> {
	const headers = { ...(deliveryId && { "webhook-id": deliveryId }) };
	const url = "https://events.example/hooks";
	return { method: "POST", url, headers, query: {}, rawQuery: "", bytes };
}

const crash = () => {
	const { Subscriptions: namespace } = exports as unknown as {
		Subscriptions: DurableObjectNamespace<Subscriptions>;
	};
	return runInDurableObject(namespace.getByName(NAME), (_, ctx) =>
		ctx.abort("the test kills it"),
	).catch(() => {});
};

beforeEach(async () => {
	await subscriptions.subscribe({ app: "@test/guest", tool: "act", key: [] });
});
afterEach(async () => {
	for (const { app, key } of await subscriptions.list({ limit: 100 }))
		await subscriptions.unsubscribe(app, key);
	await stopped(NAME);
	bell.clear();
	acts.clear();
});

type Ports = TestPorts;

describe("a call of the webhook", () => {
	const accept = async (
		ports: Ports,
		deliveryId?: string,
		bytes?: Uint8Array<ArrayBuffer>,
	) =>
		acceptWebhook(
			{ ...called, secret: await subscriptions.webhookSecret() },
			() => requestOf(deliveryId, bytes),
			ports,
		);
	const failing = (
		method: "webhookState" | "reserveDelivery" | "confirmDelivery",
	) =>
		recordingPorts({
			subscriptionsOf: (name) => ({
				...boundSubscriptions(name),
				[method]: down,
			}),
		});
	const idsOf = ({ recorded }: Ports) =>
		recorded.events.map((text) => read(text).id);

	test.each(["webhookState", "reserveDelivery"] as const)(
		"is neither accepted nor stored if its object fails at %s",
		async (method) => {
			const ports = failing(method);
			await expect(accept(ports, "d1")).rejects.toThrow();
			expect(ports.recorded.events).toEqual([]);
		},
	);

	test.each([
		["the queue", { isQueueDown: true }],
		["the store of large bodies", { isQueueDown: false }],
	] as const)(
		"is answered with success only after it is stored: if %s fails, a repetition stores it under the same id",
		async (_, { isQueueDown }) => {
			const large = new Uint8Array(200_000);
			const first = recordingPorts();
			if (isQueueDown) first.eventsQueue.send = down;
			else first.payloads.put = down;
			const id = `repeated-${_}`;
			await expect(accept(first, id, large)).rejects.toThrow();
			const [second, third] = [recordingPorts(), recordingPorts()];
			const accepted = await accept(second, id, large);
			expect(idsOf(second)).toEqual([
				accepted.type === "stored" && accepted.id,
			]);
			expect(await accept(third, id, large)).toEqual(accepted);
			expect(third.recorded.events).toEqual([]);
		},
	);

	test("that is stored although its object fails at confirm is accepted, and its repetition is the same event with the same time", async () => {
		const first = failing("confirmDelivery");
		const accepted = await accept(first, "d2");
		expect(accepted).toMatchObject({ type: "stored" });
		vi.useFakeTimers({ toFake: ["Date"] });
		const second = recordingPorts();
		try {
			// Until then, the first call counts as storing the event.
			vi.setSystemTime(Date.now() + 11_000);
			expect(await accept(second, "d2")).toEqual(accepted);
		} finally {
			vi.useRealTimers();
		}
		// Sent at most twice, with one id and one time.
		expect(second.recorded.events).toEqual(first.recorded.events);
		expect(second.recorded.transitions).toEqual(first.recorded.transitions);
		const [record] = first.recorded.events.map(read);
		expect(record).toMatchObject({
			id: accepted.type === "stored" && accepted.id,
		});
		expect(first.recorded.transitions).toMatchObject([{ at: record?.time }]);
	});

	test("is still known after an eviction of the object", async () => {
		const first = recordingPorts();
		const accepted = await accept(first, "d3");
		await crash();
		const second = recordingPorts();
		expect(await accept(second, "d3")).toEqual(accepted);
		expect(second.recorded.events).toEqual([]);
	});

	test("is stored once if its sender repeats it concurrently", async () => {
		const ports = recordingPorts();
		const all = await Promise.all(
			Array.from({ length: 6 }, () => accept(ports, "d4")),
		);
		expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
		expect(ports.recorded.events).toHaveLength(1);
	});

	test("is answered only after the concurrent first call has stored it, and stores it if the first one fails", async () => {
		for (const isFirstDown of [false, true]) {
			const [first, second] = [recordingPorts(), recordingPorts()];
			const { send } = first.eventsQueue;
			const reached = Promise.withResolvers<void>();
			const proceed = Promise.withResolvers<void>();
			first.eventsQueue.send = async (...args) => {
				reached.resolve();
				await proceed.promise;
				return (isFirstDown ? down : send)(...args);
			};
			const id = `concurrent-${isFirstDown}`;
			const one = accept(first, id).catch(() => "failed");
			await reached.promise;
			let isAnswered = false;
			const two = accept(second, id).finally(() => {
				isAnswered = true;
			});
			// Each is a request to the same object: the second call has reached it by now.
			for (let calls = 0; calls < 10; calls++) await subscriptions.phase();
			expect(isAnswered).toBe(false);
			proceed.resolve();
			const answers = await Promise.all([one, two]);
			if (isFirstDown) expect(answers[0]).toBe("failed");
			else expect(answers[0]).toEqual(answers[1]);
			expect(idsOf(isFirstDown ? second : first)).toEqual([
				answers[1].type === "stored" && answers[1].id,
			]);
			expect(idsOf(isFirstDown ? first : second)).toEqual([]);
		}
	});

	test("whose Worker dies after the reservation is stored by its repetition under the same id", async () => {
		vi.useFakeTimers({ toFake: ["Date"] });
		try {
			const first = recordingPorts();
			const reached = Promise.withResolvers<void>();
			let reserved: string | undefined;
			first.eventsQueue.send = (record) => {
				reserved = read(record).id;
				reached.resolve();
				return new Promise(() => {});
			};
			void accept(first, "d5");
			await reached.promise;
			vi.setSystemTime(Date.now() + 11_000);
			const second = recordingPorts();
			const accepted = await accept(second, "d5");
			expect(accepted).toEqual({ type: "stored", id: reserved });
			expect(idsOf(second)).toEqual([reserved]);
		} finally {
			vi.useRealTimers();
		}
	});

	test("is not answered with 404 while a Worker that may have the app does not list its apps", async () => {
		const ports = recordingPorts();
		const [own] = ports.appWorkers as [AppWorker];
		const worker = { ...own.worker, key: "mail" };
		const silent = { ...own, worker, apps: async () => undefined };
		ports.appWorkers = [own, silent];
		const asked = acceptWebhook(
			{ app: "@far/away", event: "rung", secret: "s" },
			requestOf,
			ports,
		);
		expect((await refusal(asked)).code).toBe("unavailable");
	});
});

test("mail that cannot be stored now is rejected, so that its server retries", async () => {
	const ports = recordingPorts();
	ports.eventsQueue.send = down;
	const mail = {
		trigger: "mail" as const,
		from: "a@b.c",
		to: "d@e.f",
		headers: {},
		bytes: new Uint8Array([1]),
	};
	await expect(acceptMail(called, mail, "<m1>", ports)).rejects.toThrow();
	const again = recordingPorts();
	expect(await acceptMail(called, mail, "<m1>", again)).toBe(true);
	expect(again.recorded.events).toHaveLength(1);
});

describe("start and stop", () => {
	const attempt = (apps: () => Promise<undefined | []>) => {
		const ports = recordingPorts();
		const [own] = ports.appWorkers as [AppWorker];
		ports.appWorkers = [{ ...own, apps }];
		return runPart(NAME, "start", "https://events.example/hooks", ports);
	};

	test("that could not begin count as failed and are retried at once", async () => {
		expect(await attempt(async () => undefined)).toMatchObject({
			type: "failed",
			error: { name: "UnavailableError" },
		});
		expect(await attempt(async () => [])).toMatchObject({
			type: "failed",
			error: { name: "RefusedError" },
		});
	});
});

describe("a subscriber whose object dies", () => {
	const join = async () =>
		asApp(
			"@test/guest",
			({ event }) => event.subscribe("@test/bell", "rung", "act"),
			[await atDoor(front)],
		);

	test("during start gets an error, remains subscribed, and start runs again", async () => {
		await subscriptions.unsubscribe("@test/guest", []);
		await stopped(NAME);
		let starts = 0;
		bell.set("start", async () => {
			if (++starts === 1) await new Promise(() => {});
		});
		const joining = refusal(join());
		await vi.waitFor(() => expect(starts).toBe(1), wait);
		await crash();
		expect((await joining).code).toBe("unavailable");
		expect(await subscriptions.list({ limit: 9 })).toMatchObject([
			{ app: "@test/guest", tool: "act" },
		]);
		// An interrupted attempt may run until its time is over, so no attempt overlaps it.
		expect((await subscriptions.state()).phase).toBe("starting");
		expect(starts).toBe(1);
		await subscriptions.unsubscribe("@test/guest", Object.entries(front));
		vi.useFakeTimers({ toFake: ["Date"] });
		try {
			vi.setSystemTime(Date.now() + 76_000);
			const stops: number[] = [];
			bell.set("stop", () => void stops.push(1));
			const { Subscriptions: namespace } = exports as unknown as {
				Subscriptions: DurableObjectNamespace<Subscriptions>;
			};
			await runInDurableObject(namespace.getByName(NAME), (object) =>
				object.alarm(),
			);
			await vi.waitFor(async () => {
				await runInDurableObject(namespace.getByName(NAME), (object) =>
					object.alarm(),
				);
				expect((await subscriptions.state()).phase).toBe("stopped");
			}, wait);
			// A start that may have had effects is stopped.
			expect(stops).toEqual([1]);
		} finally {
			vi.useRealTimers();
		}
	});

	test("after the answer remains subscribed", async () => {
		const { id } = await join();
		await crash();
		expect(await subscriptions.find(id)).toMatchObject({ id, tool: "act" });
		expect(await join()).toEqual({ id, state: "active" });
	});

	test("after it has left remains unsubscribed, and its id is never used again", async () => {
		const { id } = await join();
		await subscriptions.unsubscribe("@test/guest", Object.entries(front));
		await crash();
		expect(await subscriptions.find(id)).toBeNull();
		expect((await join()).id).toBeGreaterThan(id);
	});
});
