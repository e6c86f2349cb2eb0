import { describe, expect, test } from "vitest";
import { queuesOf, sentTo } from "../../src/platform/queue-names.ts";

const three = {
	events: "my-events",
	retries: "my-retries",
	deadLetters: "my-dead-letters",
};

/** `name binding label role`, and `draining` where it is. */
function told(given: unknown): string[] {
	return queuesOf(given).map(({ name, binding, label, role, isDraining }) =>
		[name, binding, label, role, isDraining && "draining"]
			.filter(Boolean)
			.join(" | "),
	);
}

test("three names are the three queues that there always were", () => {
	expect(queuesOf(three)).toEqual([
		{
			name: "my-events",
			role: "events",
			binding: "EVENTS_QUEUE",
			label: "events",
			isDraining: false,
		},
		{
			name: "my-retries",
			role: "retries",
			binding: "RETRIES_QUEUE",
			label: "retries",
			isDraining: false,
		},
		{
			name: "my-dead-letters",
			role: "deadLetters",
			binding: "DEAD_LETTERS_QUEUE",
			label: "deadLetters",
			isDraining: false,
		},
	]);
});

test("a list is several queues as one, each with a binding of its own", () => {
	expect(
		told({ ...three, events: ["a", "b", "c"], retries: ["r", "s"] }),
	).toEqual([
		"a | EVENTS_QUEUE | events | events",
		"b | EVENTS_QUEUE_2 | events 2 | events",
		"c | EVENTS_QUEUE_3 | events 3 | events",
		"r | RETRIES_QUEUE | retries | retries",
		"s | RETRIES_QUEUE_2 | retries 2 | retries",
		"my-dead-letters | DEAD_LETTERS_QUEUE | deadLetters | deadLetters",
	]);
});

test("a lane has its queues, and its retries where it says so", () => {
	const lanes = {
		bulk: "one",
		"for-people": { events: ["two", "three"], retries: ["four", "five"] },
		later: { events: "six" },
	};
	expect(told({ ...three, lanes }).slice(3)).toEqual([
		"one | BULK_QUEUE | bulk | events",
		"two | FOR_PEOPLE_QUEUE | for-people | events",
		"three | FOR_PEOPLE_QUEUE_2 | for-people 2 | events",
		"four | FOR_PEOPLE_RETRIES_QUEUE | for-people retries | retries",
		"five | FOR_PEOPLE_RETRIES_QUEUE_2 | for-people retries 2 | retries",
		"six | LATER_QUEUE | later | events",
	]);
	expect(queuesOf({ ...three, lanes })[3]).toMatchObject({ lane: "bulk" });
});

describe("a queue that is drained", () => {
	test("is still there, under its own binding, and is sent to no more", () => {
		const given = { ...three, events: ["a", "b"], draining: "a" };
		expect(told(given).slice(0, 2)).toEqual([
			"a | EVENTS_QUEUE | events | events | draining",
			"b | EVENTS_QUEUE_2 | events 2 | events",
		]);
		const names = sentTo(queuesOf(given), "events").map(({ name }) => name);
		expect(names).toEqual(["b"]);
	});

	test("may be all that a lane has", () => {
		const lanes = { bulk: { events: ["one", "two"], retries: "three" } };
		const draining = ["one", "two", "three"];
		const queues = queuesOf({ ...three, lanes, draining });
		expect(queues).toHaveLength(6);
		expect(sentTo(queues, "events", "bulk")).toEqual([]);
		expect(sentTo(queues, "retries", "bulk")).toEqual([]);
		expect(sentTo(queues, "events")).toHaveLength(1);
	});
});

const lane = (lanes: unknown) => ({ ...three, lanes });

test.for<[given: unknown, said: string | RegExp]>([
	[undefined, /is missing or not whole: set it beside the bindings/],
	[{ events: "a", retries: "b" }, /is missing or not whole/],
	[{ ...three, drainning: [] }, 'unknown member "drainning": use events'],
	[{ ...three, deadLetters: ["d"] }, 'deadLetters ["d"]: name one queue'],
	[{ ...three, events: [] }, "events: [] is no queue's name"],
	[{ ...three, events: ["a", ""] }, 'events: ["a",""] is no queue\'s name'],
	[{ ...three, retries: { a: 1 } }, 'retries: {"a":1} is no queue\'s name'],
	[{ ...three, lanes: "bulk" }, 'expected lanes by name, got "bulk"'],
	[lane({ "2nd": "q" }), 'lanes: the name "2nd" is not'],
	[lane({ "a b": "q" }), 'lanes: the name "a b" is not'],
	[lane({ events: "q" }), 'lanes: the name "events" is not'],
	[lane({ deadLetters: "q" }), 'lanes: the name "deadLetters" is not'],
	[lane({ "dead-letters": "q" }), 'the name "dead-letters" is not'],
	[lane({ bulk: 5 }), "{ events } in lanes.bulk"],
	[lane({ bulk: [] }), "lanes.bulk: [] is no queue's name"],
	[lane({ bulk: { retries: "r" } }), "lanes.bulk.events: undefined"],
	[lane({ bulk: { event: "r" } }), 'lanes.bulk: unknown member "event"'],
	[
		{ ...three, retries: "my-events" },
		"events and retries have one queue, my-events: give each its own",
	],
	[lane({ bulk: "my-events" }), "events and bulk have one queue, my-events"],
	[lane({ bulk: ["q", "q"] }), "bulk and bulk 2 have one queue, q"],
	[
		lane({ "a-b": "q", a_b: "r" }),
		"a-b and a_b have one binding, A_B_QUEUE: give each its own",
	],
	[
		lane({ bulk: { events: "q", retries: "r" }, "bulk-retries": "s" }),
		"have one binding, BULK_RETRIES_QUEUE",
	],
	[
		{ ...three, draining: ["old"] },
		'draining: "old" is not named: leave a queue where it is named until it is empty',
	],
	[{ ...three, draining: "my-dead-letters" }, "which cannot be drained"],
	[{ ...three, draining: "my-events" }, "draining: all of events are drained"],
	[{ ...three, draining: ["my-retries"] }, "all of retries are drained"],
	[{ ...three, draining: [5] }, "draining: [5] is no queue's name"],
])("%j is refused: %s", ([given, said]) => {
	expect(() => queuesOf(given)).toThrow(said);
	expect(() => queuesOf(given)).toThrow(/^tidings: .*TIDINGS_QUEUES/);
});
