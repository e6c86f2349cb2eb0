/** The longest names that an app may have, from what it declares to what other Workers are told. */

import { createEvents } from "tidings";
import { createApp } from "tidings/apps";
import { describe, expect, test } from "vitest";
import { declarationFrom } from "../../src/apps/declaration.ts";
import { registrationOf } from "../../src/events.ts";
import { listingOf, listingsFrom } from "../../src/handlers/listing.ts";

const module = { default: () => {} };
const name = `@${"s".repeat(49)}/${"a".repeat(49)}`;
const event = "e".repeat(64);

const longest = () =>
	createApp(name, {
		events: {
			[event]: {
				description: "d",
				capabilities: [],
				tokens: {},
				payload: { type: "object" },
			},
		},
		handlers: { [event]: { start: module, handler: module, stop: module } },
		tools: { ["t".repeat(64)]: module },
	});

describe("an app with the longest names", () => {
	test("is declared, registered and listed, and the owner can read it", () => {
		expect(name).toHaveLength(100);
		const app = longest();
		const events = createEvents({ apps: [app] });
		const listings = registrationOf(events).handlers.list().map(listingOf);
		expect(listingsFrom(structuredClone(listings)).map(({ id }) => id)).toEqual(
			[
				`${name}/${event}/start`,
				`${name}/${event}/handler`,
				`${name}/${event}/stop`,
				`${name}/${"t".repeat(64)}`,
			],
		);
		expect(declarationFrom(structuredClone(app.declaration))).toEqual(
			app.declaration,
		);
	});

	test("is rejected with one more character", () => {
		expect(() => createApp(`${name}a`, {})).toThrow("at most 100 characters");
		expect(() =>
			createApp(name, { tools: { ["t".repeat(65)]: module } }),
		).toThrow("1 to 64");
	});
});
