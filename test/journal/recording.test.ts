/** What a batch records in the journal, and that no delivery waits for it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { consume } from "../../src/consume/queue.ts";
import type { Counts } from "../../src/journal/counters.ts";
import type { Entry } from "../../src/journal/entry.ts";
import { entriesIn, type Page } from "../../src/journal/page.ts";
import type { JournalOptions } from "../../src/journal/recorder.ts";
import { JournalWriter } from "../../src/journal/writer.ts";
import type { JournalStore } from "../../src/ports.ts";
import { incoming, record } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";
import { behaviours } from "../support/worker.ts";

const T0 = Date.UTC(2027, 0, 14);
const options: JournalOptions = {
	record: "all",
	bodies: "failed",
	maxBytes: 2_048,
};

let logged: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
	logged = vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => {
	behaviours.clear();
	vi.restoreAllMocks();
});

/** A journal whose store is `record`, and everything that it was called with. */
function journalOf(
	changes: Partial<JournalOptions> = {},
	record: JournalStore["record"] = async () => {},
	clock = () => T0,
) {
	const calls: [Page | null, Counts][] = [];
	const background: Promise<void>[] = [];
	const store = {
		isDeclared: () => true,
		async record(...call) {
			calls.push(call);
			await record(...call);
		},
	} as Pick<JournalStore, "isDeclared" | "record"> as JournalStore;
	const journal = new JournalWriter(
		{ ...options, ...changes },
		store,
		clock,
		(sending) => void background.push(sending),
	);
	const settled = () => Promise.all(background);
	return { journal, calls, settled };
}

async function recorded(
	messages: Parameters<typeof consume>[0],
	changes: Partial<JournalOptions> = {},
): Promise<{ entries: Entry[]; counts: Counts | undefined }> {
	const { journal, calls, settled } = journalOf(changes);
	await consume(messages, "events", recordingPorts({ journal }));
	await settled();
	const [page, counts] = calls[0] ?? [];
	expect(calls.length).toBeLessThanOrEqual(1);
	return { entries: page ? await entriesIn(page.data) : [], counts };
}

const failing = (id: string) =>
	behaviours.set(id, () => {
		throw new Error("no");
	});

test("a batch is one call, after its verdicts, with an entry for each event", async () => {
	failing("second");
	const messages = [
		incoming(record("order.placed", 1), { sentAt: Date.now() - 700 }),
		incoming(record("nothing.listens", 2)),
	];
	const { entries, counts } = await recorded(messages);
	expect(messages.map(({ verdicts }) => verdicts)).toEqual([["ack"], ["ack"]]);
	expect(entries).toMatchObject([
		{
			name: "order.placed",
			body: "1",
			steps: [
				{ type: "delivered", handler: "first", attempt: 1 },
				{ type: "retrying", handler: "second", error: { message: "no" } },
				{ type: "delivered", handler: "third", attempt: 1 },
			],
		},
		{ name: "nothing.listens", steps: [{ type: "ignored" }] },
	]);
	expect(entries[0]?.queuedMs).toBeGreaterThanOrEqual(700);
	expect(entries[1]).not.toHaveProperty("body");
	expect(counts).toMatchObject({
		events: { ignored: 1 },
		handlers: { first: { delivered: 1 }, second: { retrying: 1 } },
	});
});

test.each([
	[{ bodies: "none" }, [undefined, undefined]],
	[{ bodies: "failed" }, [undefined, '{"text":"ü"}']],
	[{ bodies: "all" }, ['{"text":"ü"}', '{"text":"ü"}']],
	[{ bodies: "all", maxBytes: 10 }, ['{"text":"', '{"text":"']],
] as const)("with %j the bodies are %j", async (changes, bodies) => {
	failing("load");
	const body = { text: "ü" };
	const { entries } = await recorded(
		[
			incoming(record("order.placed", body)),
			incoming(record("load.one", body)),
		],
		changes,
	);
	expect(entries.map((entry) => entry.body)).toEqual(bodies);
	if ("maxBytes" in changes) expect(entries[0]?.bodyBytes).toBe(13);
});

test('with "failures" only events with a failure, and canaries, are recorded, and all are counted', async () => {
	failing("load");
	const names = ["order.placed", "load.one", "tidings.selftest.immediate"];
	const { entries, counts } = await recorded(
		names.map((name) => incoming(record(name))),
		{ record: "failures" },
	);
	expect(entries.map(({ name }) => name)).toEqual(names.slice(1));
	expect(counts?.handlers).toMatchObject({
		first: { delivered: 1 },
		load: { retrying: 1 },
	});
});

test("a journal that hangs delays no delivery, and one that fails changes no verdict", async () => {
	const never = new Promise<void>(() => {});
	for (const answer of [() => never, () => Promise.reject(new Error("full"))]) {
		const { journal, calls } = journalOf({}, answer);
		const message = incoming(record("order.placed"));
		await consume([message], "events", recordingPorts({ journal }));
		expect(message.verdicts).toEqual(["ack"]);
		await vi.waitFor(() => expect(calls).toHaveLength(1));
	}
});

function recordIgnored(journal: JournalWriter, at: number): void {
	const recorder = journal.startRecording();
	recorder?.observe({ type: "ignored", at, id: "e1", event: "a.b" });
	if (recorder) journal.record(recorder);
}

test("failed calls are logged once a minute, and counted in the next one that succeeds", async () => {
	let now = T0;
	let isDown = true;
	const { journal, calls, settled } = journalOf(
		{},
		async () => {
			if (isDown) throw new Error("the journal is down");
		},
		() => now,
	);
	const send = async () => {
		recordIgnored(journal, now);
		await settled();
	};
	await send();
	now += 59_999;
	await send();
	expect(logged).toHaveBeenCalledTimes(1);
	now += 1;
	await send();
	expect(logged).toHaveBeenCalledTimes(2);
	isDown = false;
	await send();
	await send();
	expect(calls.map(([, { events }]) => events.missed)).toEqual([
		undefined,
		1,
		2,
		3,
		undefined,
	]);
});

test("failed calls are counted once, also when several calls succeed at once, and later ones too", async () => {
	let isDown = true;
	const { journal, calls, settled } = journalOf({}, async () => {
		if (isDown) throw new Error("the journal is down");
	});
	const send = () => recordIgnored(journal, T0);
	send();
	await settled();
	isDown = false;
	send();
	send();
	await settled();
	isDown = true;
	send();
	await settled();
	isDown = false;
	send();
	await settled();
	const missed = calls.map(([, { events }]) => events.missed ?? 0);
	expect(missed.reduce((sum, count) => sum + count)).toBe(2);
	expect(missed.at(-1)).toBe(1);
});

test("a split happens before its sends, so that no attempt of it seems to be earlier", async () => {
	let now = T0;
	const ports = recordingPorts({ clock: () => now });
	const sendBatch = async () => {
		now += 50;
	};
	ports.retriesQueue = { ...ports.retriesQueue, sendBatch };
	const message = incoming(record("order.placed"), { attempts: 2 });
	await consume([message], "events", ports);
	expect(ports.recorded.transitions).toMatchObject([{ type: "split", at: T0 }]);
});

test("without the object, nothing is recorded, and events are delivered as before", async () => {
	const { journal, calls } = journalOf();
	journal.store.isDeclared = () => false;
	const message = incoming(record("order.placed"));
	await consume([message], "events", recordingPorts({ journal }));
	expect(message.verdicts).toEqual(["ack"]);
	expect(calls).toEqual([]);
});
