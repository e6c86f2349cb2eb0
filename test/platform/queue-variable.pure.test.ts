import { describe, expect, test } from "vitest";
import { sentTo } from "../../src/platform/queue-names.ts";
import { queuesOf } from "../../src/platform/queue-variable.ts";

const three = {
	events: "my-events",
	retries: "my-retries",
	deadLetters: "my-dead-letters",
};

/** `name | binding | label | role`, then `draining` if it applies. */
function summaryOf(given: unknown): string[] {
	return queuesOf(given).map(({ name, binding, label, role, isDraining }) =>
		[name, binding, label, role, isDraining && "draining"]
			.filter(Boolean)
			.join(" | "),
	);
}

test("three names result in the three queues of the default lane", () => {
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

test("a list of names gives each queue its own binding", () => {
	expect(
		summaryOf({ ...three, events: ["a", "b", "c"], retries: ["r", "s"] }),
	).toEqual([
		"a | EVENTS_QUEUE | events | events",
		"b | EVENTS_QUEUE_2 | events 2 | events",
		"c | EVENTS_QUEUE_3 | events 3 | events",
		"r | RETRIES_QUEUE | retries | retries",
		"s | RETRIES_QUEUE_2 | retries 2 | retries",
		"my-dead-letters | DEAD_LETTERS_QUEUE | deadLetters | deadLetters",
	]);
});

test("a lane has its own queues, and its own retries if it names them", () => {
	const lanes = {
		bulk: "one",
		"for-people": { events: ["two", "three"], retries: ["four", "five"] },
		later: { events: "six" },
	};
	expect(summaryOf({ ...three, lanes }).slice(3)).toEqual([
		"one | BULK_QUEUE | bulk | events",
		"two | FOR_PEOPLE_QUEUE | for-people | events",
		"three | FOR_PEOPLE_QUEUE_2 | for-people 2 | events",
		"four | FOR_PEOPLE_RETRIES_QUEUE | for-people retries | retries",
		"five | FOR_PEOPLE_RETRIES_QUEUE_2 | for-people retries 2 | retries",
		"six | LATER_QUEUE | later | events",
	]);
	expect(queuesOf({ ...three, lanes })[3]).toMatchObject({ lane: "bulk" });
});

describe("a draining queue", () => {
	test("keeps its binding and receives no new messages", () => {
		const given = { ...three, events: ["a", "b"], draining: "a" };
		expect(summaryOf(given).slice(0, 2)).toEqual([
			"a | EVENTS_QUEUE | events | events | draining",
			"b | EVENTS_QUEUE_2 | events 2 | events",
		]);
		const names = sentTo(queuesOf(given), "events").map(({ name }) => name);
		expect(names).toEqual(["b"]);
	});

	test("may be the last queue of a lane", () => {
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
const LANE =
	"give the name of a queue, a list of names, or { events, retries }";

test.for<[given: unknown, message: string]>([
	[undefined, "the variable is missing; set it next to the queue bindings"],
	[null, "the variable is missing"],
	["my-events", 'expected an object, got "my-events"'],
	[{ events: "a", retries: "b" }, "deadLetters: required; give one name"],
	[
		{ retries: "b", deadLetters: "c" },
		"events: required; give a name or a list",
	],
	[
		{ ...three, drainning: [] },
		'unknown key "drainning"; use events, retries, deadLetters, lanes, draining',
	],
	[
		{ ...three, deadLetters: ["d"] },
		'deadLetters: ["d"] is not a queue\'s name; give one name, because one object stores all dead letters',
	],
	[
		{ ...three, events: [] },
		"events: [] is not a queue's name; give a name or",
	],
	[{ ...three, events: ["a", ""] }, 'events: ["a",""] is not a queue\'s name'],
	[{ ...three, retries: { a: 1 } }, 'retries: {"a":1} is not a queue\'s name'],
	[{ ...three, lanes: "bulk" }, 'lanes: expected an object, got "bulk"'],
	[lane({ "2nd": "q" }), "lanes.2nd: the name of a lane must be a letter"],
	[lane({ "a b": "q" }), 'lanes["a b"]: the name of a lane must be a letter'],
	[
		lane({ events: "q" }),
		"lanes.events: events, retries and deadLetters are the",
	],
	[lane({ deadLetters: "q" }), "lanes.deadLetters: events, retries and"],
	[lane({ "dead-letters": "q" }), "lanes.dead-letters: events, retries and"],
	[lane({ bulk: 5 }), `lanes.bulk: 5 is not a lane; ${LANE}`],
	[lane({ bulk: [] }), `lanes.bulk: [] is not a lane; ${LANE}`],
	[
		lane({ bulk: { retries: "r" } }),
		"lanes.bulk.events: required; give a name",
	],
	[
		lane({ bulk: { event: "r", events: "q" } }),
		'lanes.bulk: unknown key "event"; use events, retries',
	],
	[
		{ ...three, retries: "my-events" },
		"events and retries have the same name, my-events; give each its own",
	],
	[
		lane({ bulk: "my-events" }),
		"events and bulk have the same name, my-events",
	],
	[lane({ bulk: ["q", "q"] }), "bulk and bulk 2 have the same name, q"],
	[
		{ ...three, draining: ["old"] },
		'draining: "old" is not a queue of this variable: do not remove a queue from its list until it is empty',
	],
	[
		{ ...three, draining: "my-dead-letters" },
		'draining: "my-dead-letters" is the queue of dead letters, which cannot be drained',
	],
	[
		{ ...three, draining: "my-events" },
		"draining: all queues of events are draining; add one that receives new messages",
	],
	[
		{ ...three, draining: ["my-retries"] },
		"draining: all queues of retries are",
	],
	[{ ...three, draining: [5] }, "draining: [5] is not a queue's name"],
])("%j is rejected with its path: %s", ([given, message]) => {
	expect(messageOn(given).slice(0, 16 + message.length)).toBe(
		`TIDINGS_QUEUES: ${message}`,
	);
});

test.each([
	[{ "a-b": "q", a_b: "r" }, "a-b and a_b have the same binding, A_B_QUEUE"],
	[
		{ bulk: { events: "q", retries: "r" }, "bulk-retries": "s" },
		"bulk retries and bulk-retries have the same binding, BULK_RETRIES_QUEUE",
	],
])("two lanes cannot share a binding: %j", (lanes, message) => {
	expect(messageOn(lane(lanes))).toBe(
		`TIDINGS_QUEUES: ${message}; give each its own`,
	);
});

function messageOn(given: unknown): string {
	try {
		queuesOf(given);
	} catch (error) {
		expect(error).toBeInstanceOf(TypeError);
		return (error as Error).message;
	}
	return "accepted";
}
