/** Events that start a real workflow, through the real queue and by single messages. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import { handlerOf } from "../../src/handlers/handler.ts";
import { HandlerRegistry } from "../../src/handlers/registry.ts";
import {
	createEvents,
	type TidingsEvent,
	toWorkflow,
} from "../../src/index.ts";
import { registrationOf } from "../../src/registration.ts";
import { incoming, read, record } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";
import { events, transitions, workflowRuns } from "../support/worker.ts";

interface Bound {
	FULFILMENT: Workflow<TidingsEvent>;
}
const { FULFILMENT } = env as unknown as Bound;
const fulfil = toWorkflow(({ FULFILMENT }: Bound) => FULFILMENT);

events.on("fulfilment.asked", { id: "fulfil" }, fulfil);

afterEach(() => vi.restoreAllMocks());

const wait = { timeout: 10_000, interval: 10 };

/** Waits until an instance has ended. Returns its params. */
async function paramsOf(id: string): Promise<unknown> {
	const instance = await FULFILMENT.get(id);
	return vi.waitFor(async () => {
		const { status, output } = await instance.status();
		expect(status).toBe("complete");
		return output;
	}, wait);
}

test("a published event starts one instance with its id, and with the event as params", async () => {
	const { id, time } = await events.publish("fulfilment.asked", { items: 2 });
	await vi.waitFor(
		() =>
			expect(
				transitions.filter((of) => of.id === id).map(({ type }) => type),
			).toEqual(["published", "delivered"]),
		wait,
	);
	const body = { items: 2 };
	const asPublished = { id, name: "fulfilment.asked", body, time, delay: 0 };
	expect(await paramsOf(id)).toEqual(asPublished);
	expect(workflowRuns.get(id)).toBe(1);
});

describe("a delivery to a workflow", () => {
	let text: string;
	let id: string;

	beforeEach(() => {
		const delivery = { handler: "fulfil", attempt: 1 };
		text = record("fulfilment.asked", { n: 1 }, delivery);
		({ id } = read(text));
	});

	/** Consumes the delivery from the retries queue. Returns the transitions. */
	async function deliver(handler = fulfil): Promise<string[]> {
		const handlers = new HandlerRegistry();
		handlers.add(handlerOf(["fulfilment.asked"], { id: "fulfil" }, handler));
		const ports = recordingPorts({ handlers });
		await consume([incoming(text)], "retries", ports);
		return ports.recorded.transitions.map((one) =>
			one.type === "retrying" ? `retrying: ${one.error?.message}` : one.type,
		);
	}

	const instance = async () =>
		(await FULFILMENT.get(id).catch(() => undefined))?.id;

	test("starts no second instance when it is redelivered, and succeeds each time", async () => {
		expect(await instance()).toBeUndefined();
		expect(await deliver()).toEqual(["delivered"]);
		expect(await paramsOf(id)).toMatchObject({ id, body: { n: 1 } });
		expect(await deliver()).toEqual(["delivered"]);
		expect(await deliver()).toEqual(["delivered"]);
		expect(workflowRuns.get(id)).toBe(1);
	});

	test("is retried while the workflow cannot be reached, and then starts it", async () => {
		const create = vi.spyOn(FULFILMENT, "create");
		create.mockRejectedValueOnce(new Error("workflows are overloaded"));
		expect(await deliver()).toEqual(["retrying: workflows are overloaded"]);
		expect(await instance()).toBeUndefined();
		expect(await deliver()).toEqual(["delivered"]);
		expect(await instance()).toBe(id);
	});

	test("is retried while neither the workflow nor its existing instance can be reached", async () => {
		expect(await deliver()).toEqual(["delivered"]);
		const down = new Error("no answer");
		vi.spyOn(FULFILMENT, "create").mockRejectedValueOnce(down);
		vi.spyOn(FULFILMENT, "get").mockRejectedValueOnce(down);
		expect(await deliver()).toEqual(["retrying: no answer"]);
		expect(await deliver()).toEqual(["delivered"]);
	});

	test("is retried if the state of the instance is unknown", async () => {
		const down = new Error("no answer");
		vi.spyOn(FULFILMENT, "create").mockRejectedValueOnce(down);
		vi.spyOn(FULFILMENT, "get").mockResolvedValueOnce({
			status: async () => ({ status: "unknown" }),
		} as WorkflowInstance);
		expect(await deliver()).toEqual(["retrying: no answer"]);
	});

	test("succeeds if the instance was started and only the response was lost", async () => {
		const { create } = FULFILMENT;
		vi.spyOn(FULFILMENT, "create").mockImplementationOnce(async (options) => {
			await create.call(FULFILMENT, options);
			throw new Error("the answer was lost");
		});
		expect(await deliver()).toEqual(["delivered"]);
		expect(await paramsOf(id)).toMatchObject({ id });
		expect(workflowRuns.get(id)).toBe(1);
	});

	test("succeeds if the platform reports that the instance exists, even if it cannot be read", async () => {
		const error = new Error(
			"(instance.already_exists) Instance already exists",
		);
		vi.spyOn(FULFILMENT, "create").mockRejectedValueOnce(error);
		expect(await deliver()).toEqual(["delivered"]);
		expect(await instance()).toBeUndefined();
	});

	test("is retried without the binding, and the error says what to add", async () => {
		const unbound = toWorkflow(
			(env: Record<string, Workflow>) => env.NO_SUCH as Workflow,
		);
		expect(await deliver(unbound)).toEqual([
			expect.stringMatching(
				/^retrying: tidings: toWorkflow\(\(env\) => env\.NO_SUCH.*\) returned no workflow; add it to \[\[workflows\]\]/,
			),
		]);
	});
});

describe("the id of a handler that starts a workflow", () => {
	/** The ids in order of registration. */
	const idsOf = (...handlers: ReturnType<typeof toWorkflow>[]) => {
		const registered = createEvents();
		for (const handler of handlers) registered.on("order.placed", handler);
		return registrationOf(registered as never)
			.handlers.list()
			.map(({ id }) => id);
	};
	const other = toWorkflow(({ OTHER }: { OTHER: Workflow }) => OTHER);
	const plain = fulfil as ReturnType<typeof toWorkflow>;

	test("follows the binding, wherever another one is registered", () => {
		const warn = vi.spyOn(console, "warn");
		expect(idsOf(plain)).toEqual(["order.placed:toWorkflow(FULFILMENT)"]);
		expect(idsOf(other, plain)).toEqual([
			"order.placed:toWorkflow(OTHER)",
			"order.placed:toWorkflow(FULFILMENT)",
		]);
		expect(warn).not.toHaveBeenCalled();
	});

	test("is logged if the function shows no binding, and follows its source", () => {
		const warn = vi.spyOn(console, "warn").mockReturnValue();
		const ids = idsOf(
			toWorkflow(() => FULFILMENT as never),
			toWorkflow(() => ({}) as never),
			toWorkflow(() => {
				throw new Error("not here");
			}),
		);
		expect(new Set(ids).size).toBe(3);
		for (const id of ids) expect(id).toMatch(/^order\.placed:[0-9a-f]{8}$/);
		expect(warn.mock.calls.map(([line]) => JSON.parse(line).handler)).toEqual(
			ids,
		);
	});

	test("is rejected the second time, and the error says to give the new one its own", () => {
		const again = toWorkflow(({ FULFILMENT }: Bound) => FULFILMENT as never);
		expect(() => idsOf(plain, again)).toThrow(
			/two handlers have the id "order\.placed:toWorkflow\(FULFILMENT\)".*give the new one an id of its own.*find the old one by this id/,
		);
	});
});

test("a binding in place of the function that finds it is rejected", () => {
	expect(() => toWorkflow(FULFILMENT as never)).toThrow(
		/toWorkflow takes a function.*\(env\) => env\.FULFILMENT/,
	);
});
