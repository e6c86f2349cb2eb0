/** The document of Ampt's retries and timeouts, with its samples and a fake clock. */
import { events } from "tidings/ampt";
import { afterEach, expect, test } from "vitest";
import { consume } from "../../../src/consume/queue.ts";
import { registrationOf } from "../../../src/registration.ts";
import { runChain, T0 } from "../../support/chain.ts";
import { incoming, record } from "../../support/incoming.ts";
import { recordingPorts } from "../../support/ports.ts";
import "../worker.ts";
import { behaviours } from "./mail.ts";

afterEach(() => behaviours.clear());

const body = { email: "newuser@example.com" };
const { handlers } = registrationOf(events);
const DAY = 86_400_000;

test("failed events are retried every six minutes for 14 days, and then become dead letters", async () => {
	const ports = recordingPorts({ handlers });
	const attempts: number[] = [];
	behaviours.set("handle", () => {
		attempts.push(ports.clock() - T0);
		throw new Error("the mail server is down");
	});
	const { letter } = await runChain("user.joined", ports, body);
	expect(attempts).toEqual(
		Array.from({ length: 3_361 }, (_, retry) => retry * 6 * 60_000),
	);
	expect(attempts.at(-1)).toBe(14 * DAY);
	expect(ports.recorded.deadLetters).toHaveLength(1);
	expect(letter).toMatchObject({
		cause: "expired",
		attempts: 3_361,
		error: { message: "the mail server is down" },
	});
});

/** Lets a sample time out. Returns the failed attempt. */
async function failureOf(sample: string) {
	let expire = () => {};
	const ports = recordingPorts({
		handlers,
		clock: () => T0,
		timer: (later) => {
			expire = later;
			return () => {};
		},
	});
	behaviours.set(sample, async ({ context }) => {
		await undefined;
		expire();
		if (context) expect(context.signal.aborted).toBe(true);
		await new Promise(() => {});
	});
	await consume([incoming(record("user.joined", body))], "events", ports);
	const ends = ports.recorded.transitions.map(({ type }) => type);
	expect(ends.filter((type) => type === "delivered")).toHaveLength(3);
	return ports.recorded.transitions.find(({ type }) => type === "retrying");
}

test.each([
	["by default handlers must finish within 5 seconds", "handle", 5_000],
	["the timeout option of events.on() increases it", "timeout", 10_000],
	["context.setTimeout() adjusts it at runtime", "setTimeout", 10_000],
])(
	"%s, otherwise the handler fails and the event is retried",
	async (_, sample, ms) => {
		expect(await failureOf(sample)).toMatchObject({
			type: "retrying",
			retryAt: T0 + 6 * 60_000,
			error: {
				name: "TimeoutError",
				message: expect.stringContaining(`${ms} ms`),
			},
		});
	},
);

test("the maximum timeout for an event handler is 60 seconds", async () => {
	events.on("long.enough", { timeout: 60_000 }, function atMost() {});
	expect(() =>
		events.on("too.long", { timeout: 60_001 }, function tooLong() {}),
	).toThrow(
		/too.long: timeout: 60001 ms is too long; an attempt may take at most 60000 ms/,
	);
	const thrown: unknown[] = [];
	behaviours.set("handle", ({ context }) => {
		context?.setTimeout(60_000);
		try {
			context?.setTimeout(60_001);
		} catch (error) {
			thrown.push(error);
		}
	});
	const message = incoming(record("user.joined", body));
	await consume([message], "events", recordingPorts({ handlers }));
	expect(thrown).toEqual([expect.any(RangeError)]);
});

test("a handler's own retry options override Ampt's, and invalid options are rejected", async () => {
	const failing = () => {
		throw new Error("no");
	};
	events.on("once.only", { id: "once", retries: 0 }, failing);
	events.on("by.policy", { id: "default", retries: undefined }, failing);
	const ports = recordingPorts({ handlers });
	for (const name of ["once.only", "by.policy"])
		await consume([incoming(record(name))], "events", ports);
	expect(ports.recorded.transitions.map(({ type }) => type)).toEqual([
		"dead",
		"retrying",
	]);
	expect(handlers.get("default")?.policy).toMatchObject({
		backoff: "constant",
		base: 360_000,
		limit: null,
	});
	expect(() => events.on("no.options", null as never, failing)).toThrow(
		/the options are null/,
	);
});
