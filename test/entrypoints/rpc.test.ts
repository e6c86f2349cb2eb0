import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createClient, type PublisherBinding } from "../../src/client.ts";
import { ForbiddenError, RefusedError } from "../../src/index.ts";
import { events } from "../support/worker.ts";

const { EVENTS, NOBODY, ANYBODY, MISWRITTEN, HALF_WRITTEN } =
	env as unknown as Record<string, PublisherBinding>;
const storefront = EVENTS as PublisherBinding;

/** Hides that an RPC promise is also a stub. */
const settle = async <Result>(promise: Promise<Result>) => await promise;

describe("a caller with publish = [order.**, user.joined]", () => {
	test("publishes, schedules, reschedules and cancels such events", async () => {
		const now = await storefront.publish("order.placed", { n: 1 });
		expect(now).toMatchObject({ id: expect.any(String), delay: 0 });
		const later = await storefront.publish(
			"order.placed",
			{ after: "1 hour" },
			1,
		);
		expect(later.delay).toBe(3_600_000);
		expect(await storefront.reschedule(later.id, "2 hours")).toMatchObject({
			id: later.id,
		});
		expect(await storefront.cancel(later.id)).toBe(true);
		expect(await storefront.cancel(later.id)).toBe(false);
		expect(await storefront.reschedule(later.id, "2 hours")).toBe(false);
		const receipts = await storefront.publishBatch([
			{ name: "order.placed", body: 1 },
			{ name: "order.paid", body: 2 },
		]);
		expect(receipts).toHaveLength(2);
	});

	test("publishes no other name, not even one with the same prefix, with any method", async () => {
		const refusal = {
			name: "ForbiddenError",
			code: "forbidden",
			message: expect.stringContaining('"storefront" may not'),
		};
		const other = await events.publish("user.left", { after: "1 hour" }, 1);
		await expect(
			settle(storefront.publish("user.left", 1)),
		).rejects.toMatchObject(refusal);
		await expect(
			settle(storefront.publish("orders.placed", 1)),
		).rejects.toMatchObject(refusal);
		await expect(
			settle(
				storefront.publishBatch([
					{ name: "order.placed", body: 1 },
					{ name: "user.left", body: 1 },
				]),
			),
		).rejects.toMatchObject({ code: "forbidden", index: 1 });
		await expect(settle(storefront.cancel(other.id))).rejects.toMatchObject(
			refusal,
		);
		await expect(
			settle(storefront.reschedule(other.id, 5_000)),
		).rejects.toMatchObject(refusal);
		expect(await events.cancel(other.id)).toBe(true);
	});
});

test("invalid props give no permission", async () => {
	const [miswritten, half] = [MISWRITTEN, HALF_WRITTEN] as PublisherBinding[];
	const mine = await events.publish("order.placed", { after: "1 hour" }, 1);
	for (const act of [
		miswritten?.publish("order.placed", 1),
		miswritten?.cancel(mine.id),
		half?.publish("user.left", 1),
	])
		await expect(settle(act as Promise<unknown>)).rejects.toMatchObject({
			code: "forbidden",
		});
	expect(await half?.publish("order.placed", 1)).toMatchObject({ delay: 0 });
	expect(await events.cancel(mine.id)).toBe(true);
});

test("an empty list permits no event and no batch, and no list permits every event", async () => {
	const nobody = NOBODY as PublisherBinding;
	for (const items of [[], [{}], "none", [{ name: "order.placed", body: 1 }]])
		await expect(settle(nobody.publishBatch(items))).rejects.toMatchObject({
			code: "forbidden",
		});
	await expect(settle(nobody.publish())).rejects.toMatchObject({
		code: "forbidden",
	});
	await expect(
		settle((NOBODY as PublisherBinding).publish("order.placed", 1)),
	).rejects.toMatchObject({ code: "forbidden" });
	expect(
		await (ANYBODY as PublisherBinding).publish("anything.at-all", 1),
	).toMatchObject({ delay: 0 });
});

test.each(["cancel", "reschedule"] as const)(
	"%s of an invalid id returns false",
	async (method) => {
		for (const id of ["", "none", 7, null, {}])
			expect(await storefront[method](id as string, 5_000)).toBe(false);
	},
);

test("the entrypoint has only its public methods", async () => {
	const stub = storefront as unknown as Record<string, () => Promise<unknown>>;
	for (const name of [
		"scheduler",
		"owner",
		"mayMove",
		"check",
		"right",
		"#right",
		"env",
		"ctx",
		"constructor",
		"fetch",
		"queue",
	])
		await expect(
			settle((async () => await stub[name]?.())()),
			name,
		).rejects.toThrow();
});

describe("a client over a binding", () => {
	const client = createClient<typeof events>(storefront);

	test("restores the class of an error that crossed the binding", async () => {
		await expect(client.publish("user.left", 1)).rejects.toBeInstanceOf(
			ForbiddenError,
		);
		await expect(
			client.publish("user.joined", { userId: "u", email: "no" }),
		).rejects.toBeInstanceOf(RefusedError);
	});

	test("sends dates and class instances as their JSON, as every entry point does", async () => {
		class Order {
			readonly at = new Date(0);
			toJSON() {
				return { at: this.at, kind: "order" };
			}
		}
		expect(await client.publish("order.placed", new Order())).toMatchObject({
			delay: 0,
		});
		const later = await client.publish(
			"order.placed",
			{ after: new Date(Date.now() + 60_000) },
			new Order(),
		);
		expect(await client.cancel(later.id)).toBe(true);
	});
});

test("a caller's schema is never called: an object in the form of a definition is not a name", async () => {
	let called = false;
	const validate = () => {
		called = true;
		return { value: 1 };
	};
	const lookalike = {
		name: "user.joined",
		schema: { "~standard": { version: 1, vendor: "x", validate } },
	};
	await expect(
		settle(storefront.publish(lookalike, { nonsense: true })),
	).rejects.toMatchObject({ code: "invalid_name" });
	expect(called).toBe(false);
});

describe("a rejection of a call through our own clients", () => {
	const calls: string[] = [];
	/** The binding, and which of its methods are called. */
	const observed = new Proxy(storefront, {
		get(binding, method: string) {
			return (...args: unknown[]) => {
				calls.push(method);
				return (
					binding as unknown as Record<string, (...args: unknown[]) => unknown>
				)[method]?.(...args);
			};
		},
	});

	test("crosses the binding as a value, so that the owner's log has no uncaught error", async () => {
		const { request } = storefront as unknown as {
			request(method: string, args: unknown[]): Promise<unknown>;
		};
		expect(await request("publish", ["user.left", 1])).toMatchObject({
			error: { name: "ForbiddenError", code: "forbidden" },
		});
		calls.length = 0;
		const client = createClient(observed);
		await expect(client.publish("user.left", 1)).rejects.toBeInstanceOf(
			ForbiddenError,
		);
		await expect(
			client.publishBatch([{ name: "no name", body: 1 }]),
		).rejects.toMatchObject({ name: "RefusedError", index: 0 });
		await expect(client.reschedule("x", "never")).rejects.toBeInstanceOf(
			RefusedError,
		);
		expect(new Set(calls)).toEqual(new Set(["request"]));
	});

	test("reaches no method that the entrypoint does not document", async () => {
		const { request } = storefront as unknown as {
			request(method: string, args: unknown): Promise<unknown>;
		};
		for (const method of ["request", "constructor", "fetch", "#permission"])
			await expect(settle(request(method, ["publish", []]))).rejects.toThrow(
				"is not a method",
			);
	});
});
