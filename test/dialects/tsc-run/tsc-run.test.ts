/** The document of tsc.run's events, on real queues. */
import { events, type TscRunConfig, tscRun } from "tidings/tsc-run";
import { afterEach, expect, test, vi } from "vitest";
import { registrationOf } from "../../../src/registration.ts";
import { expectTransitions, wait } from "../transitions.ts";
import "../worker.ts";
import { received } from "./received.ts";
import { POST } from "./src/functions/users.ts";
import config from "./tsc-run.config.ts";

afterEach(() => {
	received.length = 0;
	vi.restoreAllMocks();
});

const user = { name: "Ada", email: "ada@example.com" };

test("an API handler dispatches an event with events.emit(), and subscribers process it asynchronously", async () => {
	const { status, body } = await POST({ json: () => user });
	expect(status).toBe(201);
	const { id } = (body as { data: { id: string } }).data;
	await vi.waitFor(() => expect(received).toHaveLength(2), wait);
	expect(received[0]?.event.data).toMatchObject({ id, ...user });
});

test("events are delivered to subscribers as objects with exactly type and data", async () => {
	const { id } = await events.emit("user.registered", user);
	await expectTransitions(id, ["published", "delivered 1", "delivered 1"]);
	expect(received).toEqual([
		{
			by: "send-welcome-email",
			event: { type: "user.registered", data: user },
		},
		{ by: "update-analytics", event: { type: "user.registered", data: user } },
	]);
});

test.each([
	["user.registered", ["send-welcome-email", "update-analytics"]],
	["user.verified", ["send-welcome-email"]],
	["order.completed", ["update-analytics"]],
])(
	"the configuration lists the subscribers of an event: %s reaches %j",
	async (type, subscribers) => {
		const { id } = await events.emit(type, null);
		const ends = subscribers.map(() => "delivered 1");
		await expectTransitions(id, ["published", ...ends]);
		expect(received).toEqual(
			subscribers.map((by) => ({ by, event: { type, data: null } })),
		);
	},
);

test.each(["payment.failed", "user", "event", "update"])(
	"the name %s is accepted, even if it is discouraged",
	async (type) => {
		const { id } = await events.emit(type, null);
		await expectTransitions(id, ["published", "ignored"]);
	},
);

test("a subscriber's id is its path, independent of its events", () => {
	const { handlers } = registrationOf(tscRun({}));
	for (const name of Object.keys(config.events.subscribers))
		expect(handlers.get(`src/subscribers/${name}`)).toBeDefined();
});

test("keys without an effect are ignored, and one log line lists them", () => {
	const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
	const { subscribers: _, ...rest } = config.events;
	tscRun({ ...config, events: rest });
	expect(warn.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
		{
			tidings: "config_keys_ignored",
			file: "tsc-run.config.ts",
			keys: ["provider", "region", "events.eventBus"],
		},
	]);
	warn.mockClear();
	tscRun({ events: { subscribers: {} } });
	expect(warn).not.toHaveBeenCalled();
});

test.each([{ event: ["a"] }, "a", null])(
	"a subscriber without a list of events is rejected by name: %j",
	(nobody) => {
		const warn = vi.spyOn(console, "warn");
		const wrong = { events: { subscribers: { nobody } } };
		expect(() => tscRun(wrong as unknown as TscRunConfig)).toThrow(
			/the subscriber "nobody" has no list of events/,
		);
		expect(warn).not.toHaveBeenCalled();
	},
);
