/** The description of the events, against the schema of AsyncAPI 3.0. */
import { env, exports } from "cloudflare:workers";
import schema from "@asyncapi/specs/schemas/3.0.0-without-$id.json";
import { type Schema, Validator } from "@cfworker/json-schema";
import { beforeAll, expect, test } from "vitest";
import { createApp } from "../../src/entrypoints/http/app.ts";
import type { describeEvents } from "../../src/entrypoints/http/asyncapi/document.ts";
import { portsOf } from "../../src/registration.ts";
import { installKeys, type KeyName, keyOf } from "../support/http.ts";
import { events } from "../support/worker.ts";

beforeAll(installKeys);

async function read(key?: KeyName) {
	const app = createApp(portsOf(events), { prefix: "/events", retention: 1 });
	const headers = key && { authorization: `Bearer ${keyOf(key)}` };
	const url = "https://shop.test/events/asyncapi.json";
	const response = await app.fetch(
		new Request(url, { headers: headers ?? {} }),
		env,
	);
	const { status } = response;
	return {
		status,
		json: (await response.json()) as ReturnType<typeof describeEvents>,
	};
}

test.each([undefined, "read"] as const)(
	"with the key %s, it is valid AsyncAPI 3.0",
	async (key) => {
		const { json } = await read(key);
		const validator = new Validator(schema as Schema, "7");
		const valid = validator.validate(json);
		expect(valid.errors.slice(-3)).toEqual([]);
		// The validator does find errors.
		expect(validator.validate({ ...json, info: {} }).valid).toBe(false);
		expect(validator.validate({ ...json, operations: { a: {} } }).valid).toBe(
			false,
		);
	},
);

test("a stranger sees each definition with its schema, and no handler", async () => {
	const { json } = await read();
	expect(json.servers.tidings).toMatchObject({
		host: "shop.test",
		pathname: "/events",
		protocol: "https",
	});
	expect(Object.keys(json.channels)).toEqual(["user.joined"]);
	expect(json.channels["user.joined"]?.messages["user.joined"]).toMatchObject({
		name: "user.joined",
		contentType: "application/json",
		"x-eventcatalog-message-type": "event",
		payload: {
			type: "object",
			properties: { userId: { type: "string" } },
			required: expect.arrayContaining(["userId", "email"]),
		},
	});
	expect(Object.keys(json.operations)).toEqual(["send.user.joined"]);
	expect(JSON.stringify(json)).not.toContain("welcome");
});

test("a key with the scope read also sees the handlers of each event; another key is refused", async () => {
	const { json } = await read("read");
	expect(Object.keys(json.operations)).toEqual([
		"send.user.joined",
		"receive.user.joined.welcome",
		"receive.user.joined.audit",
	]);
	expect(json.operations["receive.user.joined.welcome"]).toMatchObject({
		action: "receive",
		channel: { $ref: "#/channels/user.joined" },
	});
	expect((await read("none")).status).toBe(403);
});

test("next to a user's own fetch and without a prefix, the path is the user's", async () => {
	const worker = (exports as unknown as { default: Fetcher }).default;
	const response = await worker.fetch("https://shop.test/asyncapi.json");
	expect(await response.text()).toBe("the user's own");
});
