/** `/v1/deliveries` on the real queues and objects: which deliveries wait, tried at once and cancelled. */
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { encodeEvent } from "../../src/event/encode.ts";
import type { ScheduledRow, Waiting } from "../../src/event/scheduled-row.ts";
import { NonRetryableError } from "../../src/index.ts";
import { portsOf } from "../../src/registration.ts";
import { cancelDelivery } from "../../src/schedule/deliveries.ts";
import { call, installKeys } from "../support/http.ts";
import { incoming, record } from "../support/incoming.ts";
import { down } from "../support/ports.ts";
import { behaviours, events, transitions } from "../support/worker.ts";

beforeAll(installKeys);
afterEach(() => behaviours.clear());

const HOUR = 3_600_000;

/** Names of the deliveries of one test, so that a list shows no others. */
let count = 0;
const freshName = () => `waiting.test-${++count}`;

interface Given {
	handler?: string;
	/** Milliseconds from now until the next attempt. */
	wait?: number;
	waiting?: Partial<Waiting>;
	attempt?: number;
}

/** Stores a waiting delivery in the shard of its event. Returns its id. */
async function stored(name: string, given: Given = {}): Promise<string> {
	const { handler = "first", wait = HOUR, attempt = 2 } = given;
	const { newId, scheduler, clock } = portsOf(events);
	const now = clock();
	const id = newId(now);
	const waiting: Waiting = { state: "retrying", at: now, ...given.waiting };
	const row: ScheduledRow = {
		id,
		handler,
		name,
		dueAt: now + wait,
		version: attempt,
		reference: null,
		waiting,
		record: encodeEvent(
			{ id, name, time: now, delay: 0 },
			{ text: "1" },
			{ delivery: { handler, attempt } },
		),
	};
	await scheduler.store([row]);
	return `${id}:${handler}`;
}

/** Reads all pages of a list. */
async function listed(q: string, limit = 100) {
	const deliveries: { id: string; retryAt: number }[] = [];
	const pages: number[] = [];
	let cursor: string | undefined;
	do {
		const query = new URLSearchParams({ q, limit: String(limit) });
		if (cursor) query.set("cursor", cursor);
		const { status, json } = await call("GET", `/v1/deliveries?${query}`);
		expect(status).toBe(200);
		deliveries.push(...json.deliveries);
		pages.push(json.deliveries.length);
		cursor = json.cursor;
	} while (cursor);
	return { deliveries, pages, ids: deliveries.map(({ id }) => id) };
}

/** Publishes an event whose handler asks to be tried again in 20 hours. Returns the id of its delivery. */
async function failing(): Promise<string> {
	behaviours.set("long", () => {
		throw new Error("the bank is closed");
	});
	const { id } = await events.publish("long.wait", { n: 1 });
	await vi.waitFor(async () => {
		expect((await listed(`id:${id}`)).ids).toEqual([`${id}:long`]);
	}, 10_000);
	return `${id}:long`;
}

describe("a delivery whose retry waits 20 hours", () => {
	test("is listed with its attempt, its limit, its next time and its last error", async () => {
		const id = await failing();
		const [eventId] = id.split(":");
		const { deliveries } = await listed(`id:${eventId}`);
		const { at } = deliveries[0] as unknown as { at: number };
		expect(deliveries).toEqual([
			{
				id,
				event: { id: eventId, name: "long.wait" },
				handler: "long",
				state: "retrying",
				at,
				firstAttemptAt: expect.any(Number),
				error: { name: "Error", message: "the bank is closed" },
				attempt: 2,
				limit: 10,
				retryAt: at + 20 * HOUR,
			},
		]);
	});

	test("is tried at once, and delivered", async () => {
		const id = await failing();
		const attempts: number[] = [];
		behaviours.set("long", (_, { attempt }) => attempts.push(attempt));
		const { status, json } = await call("POST", `/v1/deliveries/${id}/retry`);
		expect({ status, json }).toEqual({
			status: 202,
			json: { id, retried: true },
		});
		await vi.waitFor(() => expect(attempts).toEqual([2]), 10_000);
		expect((await listed("name:long.wait")).ids).not.toContain(id);
		const [eventId] = id.split(":");
		await vi.waitFor(async () => {
			const { json: life } = await call("GET", `/v1/events/${eventId}`);
			expect(life).toMatchObject({
				state: "delivered",
				actions: [{ type: "rescheduled", handler: "long", by: "admin" }],
			});
			expect(life).not.toHaveProperty("dueAt");
		}, 10_000);
	});

	test("is cancelled, which is observed", async () => {
		const id = await failing();
		const [eventId = ""] = id.split(":");
		const { status } = await call("DELETE", `/v1/deliveries/${id}`);
		expect(status).toBe(204);
		expect((await listed(`id:${eventId}`)).ids).toEqual([]);
		expect(transitions.filter((one) => one.id === eventId).at(-1)).toEqual({
			type: "cancelled",
			at: expect.any(Number),
			id: eventId,
			event: "long.wait",
			handler: "long",
			by: "admin",
		});
		for (const [method, path] of [
			["DELETE", `/v1/deliveries/${id}`],
			["POST", `/v1/deliveries/${id}/retry`],
		] as const)
			expect(await call(method, path)).toMatchObject({
				status: 404,
				json: { code: "not_found" },
			});
	});
});

test("a replay that is cancelled while it waits leaves its dead letter dead, also if the store is down", async () => {
	behaviours.set("long", () => {
		throw new NonRetryableError("closed for good");
	});
	const { id: eventId } = await events.publish("long.wait", { n: 1 });
	const id = `${eventId}:long`;
	const stateOf = async () => {
		const { json } = await call("GET", `/v1/dead-letters/${id}`);
		return json.state;
	};
	await vi.waitFor(async () => expect(await stateOf()).toBe("dead"), 10_000);
	behaviours.set("long", () => {
		throw new Error("closed for now");
	});
	await call("POST", `/v1/dead-letters/${id}/replay`);
	await vi.waitFor(async () => {
		expect((await listed(`id:${eventId}`)).deliveries).toMatchObject([
			{ id, attempt: 2 },
		]);
	}, 10_000);
	expect(await stateOf()).toBe("replaying");
	expect((await call("DELETE", `/v1/deliveries/${id}`)).status).toBe(204);
	expect(await stateOf()).toBe("dead");

	await call("POST", `/v1/dead-letters/${id}/replay`);
	await vi.waitFor(async () => {
		expect((await listed(`id:${eventId}`)).ids).toEqual([id]);
	}, 10_000);
	const { deadLetters, ...ports } = portsOf(events);
	const isCancelled = await cancelDelivery(id, {
		...ports,
		deadLetters: { ...deadLetters, release: down },
	});
	expect(isCancelled).toBe(true);
	// The message of the dead-letter queue arrives later.
	await vi.waitFor(async () => expect(await stateOf()).toBe("dead"), 10_000);
});

test("a delivery whose handler is unknown still waits for an hour, however often a person tries it now", async () => {
	const name = freshName();
	const text = record(name, 1, { handler: "nobody", attempt: 1 });
	await consume([incoming(text)], "retries", portsOf(events));
	const waiting = async () => {
		const { deliveries } = await listed(`name:${name}`);
		const [one] = deliveries as unknown as { id: string; at: number }[];
		expect(one).toMatchObject({ reason: "unknown_handler", attempt: 1 });
		return one as { id: string; at: number };
	};
	for (let tries = 0; tries < 10; tries++) {
		const { id, at } = await waiting();
		const retried = await call("POST", `/v1/deliveries/${id}/retry`);
		expect(retried.status).toBe(202);
		await vi.waitFor(
			async () => expect((await waiting()).at).toBeGreaterThan(at),
			{ timeout: 10_000, interval: 20 },
		);
	}
}, 60_000);

/** Ports of a caller that crashes when it has made a number of calls. */
function crashingAfter(calls: number): ReturnType<typeof portsOf> {
	const ports = portsOf(events);
	let made = 0;
	const crashing = <Port extends object>(port: Port): Port =>
		new Proxy(port, {
			get(target, name) {
				const member = Reflect.get(target, name);
				if (typeof member !== "function") return member;
				return (...given: unknown[]) =>
					made++ < calls ? member.apply(target, given) : down();
			},
		});
	const { deadLetters: letters } = ports.queues;
	return {
		...ports,
		scheduler: crashing(ports.scheduler),
		deadLetters: crashing(ports.deadLetters),
		queues: { ...ports.queues, deadLetters: crashing(letters) },
	};
}

test.each([1, 2])(
	"a caller that crashes after %i calls while it cancels a replay leaves its delivery waiting or its dead letter dead",
	async (calls) => {
		behaviours.set("long", () => {
			throw new NonRetryableError("closed for good");
		});
		const { id: eventId } = await events.publish("long.wait", { n: 1 });
		const id = `${eventId}:long`;
		const becomes = (state: string) =>
			vi.waitFor(async () => {
				const { json } = await call("GET", `/v1/dead-letters/${id}`);
				expect(json.state).toBe(state);
			}, 10_000);
		await becomes("dead");
		behaviours.set("long", () => {
			throw new Error("closed for now");
		});
		await call("POST", `/v1/dead-letters/${id}/replay`);
		const waits = () => listed(`id:${eventId}`).then(({ ids }) => ids);
		await vi.waitFor(async () => expect(await waits()).toEqual([id]), 10_000);
		await becomes("replaying");

		const cancelling = cancelDelivery(id, crashingAfter(calls));
		await expect(cancelling).rejects.toThrow();
		expect(await waits()).toEqual([id]);
		// The next call completes the cancel; a delivery that is tried instead decides itself.
		if (calls === 1) {
			expect((await call("DELETE", `/v1/deliveries/${id}`)).status).toBe(204);
			expect(await waits()).toEqual([]);
			return becomes("dead");
		}
		await becomes("dead");
		behaviours.delete("long");
		await call("POST", `/v1/deliveries/${id}/retry`);
		await becomes("resolved");
	},
	30_000,
);

test("a delivery that was cancelled before its first attempt is not stored again by a duplicate of its message", async () => {
	const name = freshName();
	const text = record(name, 1, { handler: "nobody", attempt: 1 });
	const receive = (sentAt: number) =>
		consume([incoming(text, { sentAt })], "retries", portsOf(events));
	const sentAt = Date.now() - 120_000;
	await receive(sentAt);
	const [id = ""] = (await listed(`name:${name}`)).ids;
	expect(id).toContain(":nobody");
	expect((await call("DELETE", `/v1/deliveries/${id}`)).status).toBe(204);
	await receive(sentAt);
	expect((await listed(`name:${name}`)).ids).toEqual([]);
	// Someone sent the event to the handler again.
	await receive(Date.now());
	expect((await listed(`name:${name}`)).ids).toEqual([id]);
});

describe("the list", () => {
	test("merges the shards in order of the next attempt, page by page", async () => {
		const name = freshName();
		const waits = Array.from({ length: 25 }, (_, n) => (n % 5) * HOUR + HOUR);
		const ids = await Promise.all(waits.map((wait) => stored(name, { wait })));
		const all = await listed(`name:${name}`);
		expect(all.ids.toSorted()).toEqual(ids.toSorted());
		const times = all.deliveries.map(({ retryAt }) => retryAt);
		expect(times).toEqual(times.toSorted((a, b) => a - b));
		const paged = await listed(`name:${name}`, 4);
		expect(paged.ids).toEqual(all.ids);
		expect((await listed(`name:${name}`, 25)).pages).toEqual([25]);
	});

	test("shows a delivery that waits for its handler, without a limit", async () => {
		const name = freshName();
		const waiting = { state: "waiting", reason: "unknown_handler" } as const;
		await stored(name, { handler: "mail/*", waiting, attempt: 1 });
		const { deliveries } = await listed(`name:${name}`);
		expect(deliveries).toMatchObject([
			{ ...waiting, handler: "mail/*", attempt: 1 },
		]);
		expect(deliveries[0]).not.toHaveProperty("limit");
	});

	test.each([
		["handler:b*", ["b"]],
		["state:waiting", ["b"]],
		["state:retrying", ["a"]],
		["tag.customer:c42", ["a"]],
		["tag.customer:c4", []],
		['text:"BANK IS"', ["a"]],
		["text:undefined", []],
		["since:1h", ["b"]],
		["until:1h", ["a"]],
		["state:retrying since:1h", []],
	])("matches %s", async (q, handlers) => {
		const name = freshName();
		await stored(name, {
			handler: "a",
			waiting: {
				at: Date.now() - 2 * HOUR,
				error: { name: "Error", message: "the bank is closed" },
				tags: { customer: "c42" },
			},
		});
		await stored(name, { handler: "b", waiting: { state: "waiting" } });
		const { deliveries } = await listed(`name:${name} ${q}`);
		expect(deliveries).toMatchObject(handlers.map((handler) => ({ handler })));
	});

	test.each([
		["q=state:dead", "state"],
		["q=cause:exhausted", "cause"],
		["q=nonsense", "nonsense"],
		["limit=0", "limit"],
		["cursor=!", "cursor"],
		["state=retrying", "state"],
	])("rejects %s", async (query, named) => {
		const { status, json } = await call("GET", `/v1/deliveries?${query}`);
		expect({ status, code: json.code }).toEqual({
			status: 400,
			code: "invalid_request",
		});
		expect(json.detail).toContain(named);
	});
});

describe("the id of a delivery in a path", () => {
	const HANDLERS = [
		"mail/send",
		"mail/retry",
		"mail/*",
		"order.**:notify",
		"a%2Fb",
		"50%",
		"what?#",
		"größe",
	];

	test.each(HANDLERS)("of %s works percent-encoded", async (handler) => {
		const id = encodeURIComponent(await stored(freshName(), { handler }));
		const retried = await call("POST", `/v1/deliveries/${id}/retry`);
		expect(retried).toMatchObject({ status: 202 });
		const again = encodeURIComponent(await stored(freshName(), { handler }));
		const { status } = await call("DELETE", `/v1/deliveries/${again}`);
		expect(status).toBe(204);
	});

	test.each(["mail/send", "mail/retry", "mail/*", "order.**:notify"])(
		"of %s works as the list shows it",
		async (handler) => {
			const id = await stored(freshName(), { handler });
			const retried = await call("POST", `/v1/deliveries/${id}/retry`);
			expect(retried).toMatchObject({ status: 202, json: { id } });
			const again = await stored(freshName(), { handler });
			const { status } = await call("DELETE", `/v1/deliveries/${again}`);
			expect(status).toBe(204);
		},
	);

	test.each(["no-colon", ":", "e:", ":h", "e:h"])(
		"that is %s names no delivery",
		async (id) => {
			const path = `/v1/deliveries/${id}`;
			expect((await call("DELETE", path)).status).toBe(404);
			expect((await call("POST", `${path}/retry`)).status).toBe(404);
		},
	);
});

test("reading needs the scope read, acting the scope admin", async () => {
	const id = await stored(freshName());
	for (const [method, path, key] of [
		["GET", "/v1/deliveries", "publish"],
		["POST", `/v1/deliveries/${id}/retry`, "read"],
		["DELETE", `/v1/deliveries/${id}`, "publish"],
	] as const)
		expect(await call(method, path, undefined, { key })).toMatchObject({
			status: 403,
			json: { code: "forbidden" },
		});
	const { status } = await call("GET", "/v1/deliveries", undefined, {
		key: "read",
	});
	expect(status).toBe(200);
});

test("another method is answered with those that are allowed", async () => {
	for (const [method, path, allow] of [
		["POST", "/v1/deliveries", "GET"],
		["GET", "/v1/deliveries/e:h", "DELETE"],
		["POST", "/v1/deliveries/e:h", "DELETE"],
	] as const) {
		const { status, headers } = await call(method, path);
		expect([status, headers.get("allow")]).toEqual([405, allow]);
	}
});
