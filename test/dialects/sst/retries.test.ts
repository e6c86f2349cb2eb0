/** The document of SST's retries, with a fake clock. */
import { EventBus, events } from "tidings/sst";
import { afterEach, expect, test, vi } from "vitest";
import { registrationOf } from "../../../src/registration.ts";
import { runChain } from "../../support/chain.ts";
import { recordingPorts } from "../../support/ports.ts";
import "../worker.ts";

afterEach(() => vi.restoreAllMocks());

/** A draw of almost 1 leaves a wait as it is computed. */
const ports = () =>
	recordingPorts({
		handlers: registrationOf(events).handlers,
		random: () => 1,
	});

/** When each attempt failed, in seconds from the first. */
async function failuresOf(name: string, bus: string) {
	const recording = ports();
	const wire = { bus, properties: { id: "t1" } };
	const { letter } = await runChain(name, recording, wire);
	const failures = recording.recorded.transitions.filter(
		({ type }) => type === "retrying" || type === "dead",
	);
	const first = failures[0]?.at ?? 0;
	return { letter, at: failures.map(({ at }) => (at - first) / 1_000) };
}

/** 2, 4, 8 seconds, up to 15 minutes, one after the other. */
const TEN_RETRIES = [0, 2, 6, 14, 30, 62, 126, 254, 510, 1_022, 1_922];

test("a bus's configuration retries all subscriber errors up to 10 times, with exponential backoff, and attempts counts the retries", async () => {
	const attempts: unknown[] = [];
	vi.spyOn(console, "log").mockImplementation((_, evt) => {
		attempts.push(evt.attempts);
		throw new Error("no");
	});
	const { at, letter } = await failuresOf("todo.created", "bus");
	expect(at).toEqual(TEN_RETRIES);
	expect(attempts).toEqual([...TEN_RETRIES.keys()]);
	expect(letter).toMatchObject({ cause: "exhausted", attempts: 11 });
});

test("retries can be configured on a per subscriber basis, even to none", async () => {
	const bus = new EventBus(null, "patient", { defaults: { retries: 10 } });
	const fails = () => {
		throw new Error("no");
	};
	bus.subscribe("sub.twice", { handler: fails, retries: 2 });
	bus.subscribe("sub.never", { handler: fails, retries: 0 });
	bus.subscribe("sub.default", fails);
	const failures = async (name: string) =>
		(await failuresOf(name, "patient")).at;
	expect(await failures("sub.twice")).toEqual(TEN_RETRIES.slice(0, 3));
	expect(await failures("sub.never")).toEqual([0]);
	expect(await failures("sub.default")).toEqual(TEN_RETRIES);
});

test("a bus without a setting has 10 retries", async () => {
	new EventBus(null, "silent").subscribe("sub.silent", () => {
		throw new Error("no");
	});
	const { at } = await failuresOf("sub.silent", "silent");
	expect(at).toEqual(TEN_RETRIES);
});
