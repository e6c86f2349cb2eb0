import fc from "fast-check";
import { expect, test } from "vitest";
import { parseFilter, STATES } from "../../src/lists/filter.ts";
import { matchesGlob } from "../../src/lists/glob.ts";

const NOW = Date.UTC(2027, 0, 14, 12);

test("every word is read, in any order", () => {
	expect(
		parseFilter(
			'since:2h name:order.** handler:mail/* state:dead cause:exhausted tag.customer:c42 tag.plan:pro text:"timed out" id:abc until:2027-01-14T11:30Z',
			NOW,
		),
	).toEqual({
		since: NOW - 7_200_000,
		until: NOW - 1_800_000,
		name: "order.**",
		handler: "mail/*",
		state: "dead",
		cause: "exhausted",
		tags: { customer: "c42", plan: "pro" },
		text: "timed out",
		id: "abc",
	});
});

test("an empty filter matches everything", () => {
	expect(parseFilter("", NOW)).toEqual({});
	expect(parseFilter("  \n", NOW)).toEqual({});
});

test("dead letters have one word more, and list it", () => {
	const read = (text: string) => parseFilter(text, NOW, { words: ["reason"] });
	expect(read('reason:"Error: <n> of 3"')).toEqual({
		reason: "Error: <n> of 3",
	});
	expect(() => read("stat:dead")).toThrow("until, reason or tag.<key>");
});

test.each([
	["stat:dead", 'q: unknown word "stat"; use id, name,'],
	["customer.x:c42", 'q: unknown word "customer.x"; use'],
	[
		"order.*",
		'q: "order.*" is not <word>:<value>; give name:order.* for events of this name',
	],
	["text:a b", 'q: "b" is not <word>:<value>'],
	['text:"a', "is not <word>:<value>"],
	["state:died", 'q: state: "died" is unknown; use scheduled,'],
	["reason:busy", 'q: unknown word "reason"; use id, name,'],
	["cause:bad", 'q: cause: "bad" is unknown; use exhausted,'],
	["state:dead state:queued", 'q: "state" is given twice'],
	["tag.a:1 tag.a:2", 'q: "tag.a" is given twice'],
	["since:2x", 'q: since: "2x" is not a time; give an age'],
	["since:2027-01-14", "is not a time"],
	["until:2027-02-30T10:00Z", "is not a time"],
	["until:2027-02-28T24:00Z", "is not a time"],
	["since:1h until:2h", "q: since is not before until"],
	["name:a..b", 'q: name: "a..b" is not a name or a pattern'],
	['handler:""', "q: handler: the value is empty"],
	["tag.:x", "is not <word>:<value>"],
	[`text:${"x".repeat(1_000)}`, "q: it has 1005 characters; give at most 1000"],
])("%s is refused with the remedy", (text, message) => {
	expect(() => parseFilter(text, NOW)).toThrow(message);
});

test("a quoted value is read as it was written", () => {
	fc.assert(
		fc.property(fc.string({ minLength: 1, maxLength: 200 }), (text) => {
			const quoted = text.replace(/["\\]/g, "\\$&");
			expect(parseFilter(`text:"${quoted}"`, NOW)).toEqual({ text });
			expect(parseFilter(`tag.a:"${quoted}" state:dead`, NOW)).toEqual({
				tags: { a: text },
				state: "dead",
			});
		}),
	);
});

test("parsing ends in a filter or in a refusal, whatever the text", () => {
	fc.assert(
		fc.property(
			fc.array(
				fc.oneof(
					fc.constantFrom("state:", "tag.", '"', "\\", " ", ":", ...STATES),
					fc.string(),
				),
			),
			(parts) => {
				try {
					parseFilter(parts.join(""), NOW);
				} catch (error) {
					expect(error).toMatchObject({ code: "invalid_request" });
				}
			},
		),
	);
});

test.each([
	["mail/*", "mail/order.*:welcome", true],
	["mail/*", "shop/x", false],
	["*:charge", "order.paid:charge", true],
	["a*b*c", "a-b-b-c", true],
	["a*b*c", "a-c", false],
	["a*a", "a", false],
	["exact", "exact", true],
	["exact", "exactly", false],
	["*", "", true],
	["order.\\*:send", "order.*:send", true],
	["order.\\*:send", "order.paid:send", false],
	["order.\\*:*", "order.*:send", true],
])("the glob %s and the handler %s: %s", (glob, id, expected) => {
	expect(matchesGlob(glob, id)).toBe(expected);
});
