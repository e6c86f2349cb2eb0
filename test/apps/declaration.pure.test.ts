import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
	appEventName,
	checkAppName,
	parseAppEventName,
} from "../../src/apps/app-name.ts";
import { declarationFrom, declarationOf } from "../../src/apps/declaration.ts";
import { isName } from "../../src/event/name.ts";

const NAME = "@my-org/email";
const new_email = {
	description: "Fires when a new email arrives",
	capabilities: ["storage", "event"],
	tokens: { "@my-org/auth": { account: ["accountId", "email"] } },
	payload: {
		type: "object",
		properties: { from: { type: "string" } },
		required: ["from"],
	},
};
const parts = {
	events: { new_email },
	tools: ["send_email"],
	capabilities: ["event"],
	grants: ["@my-org/inbox"],
	userSubscriptions: { send_email: ["@my-org/crm/lead_added"] },
};
const declaration = { name: NAME, ...parts };

const typeError = (message: string) =>
	expect.objectContaining({
		name: "TypeError",
		message: expect.stringContaining(message),
	});

describe("the name of an app", () => {
	const longest = `@a/${"b".repeat(97)}`;

	test.for([NAME, "@a/b", "@A_1-x/B.c_d-2", "@a/.b", "@a/b..", longest])(
		"%s is the name of an app",
		(name) => {
			expect(() => checkAppName(name)).not.toThrow();
			expect(parseAppEventName(`${name}/e`)).toEqual({ app: name, event: "e" });
		},
	);

	test.for([
		"",
		"email",
		"my-org/email",
		"@my-org",
		"@my-org/",
		"@/email",
		"@my-org/email/new",
		"@my.org/email",
		"@my-org/e mail",
		" @a/b",
		"@a/b\n",
		"@a/b*",
		"@a/.",
		"@a/..",
		`${longest}b`,
		"@ä/b",
		undefined,
		null,
		5,
		{},
		["@a/b"],
	])(
		"%j is not the name of an app, and the error describes the form",
		(name) => {
			expect(() => checkAppName(name)).toThrow(
				expect.objectContaining({
					name: "TypeError",
					message: `${JSON.stringify(name)} is not the name of an app; use @scope/app with A-Z a-z 0-9 _ - (and . after the slash), at most 100 characters, such as "@my-org/email"`,
				}),
			);
			expect(() => declarationOf(name as string, {})).toThrow(TypeError);
			expect(() => declarationFrom({ ...declaration, name })).toThrow(
				TypeError,
			);
		},
	);
});

describe("the full name of an app's event", () => {
	test("begins with the app's name, and can be parsed again", () => {
		expect(appEventName(NAME, "new_email")).toBe("@my-org/email/new_email");
		expect(parseAppEventName("@my-org/email/new_email")).toEqual({
			app: NAME,
			event: "new_email",
		});
	});

	test.for([
		"order.placed",
		"",
		"/",
		"@a/b",
		"@a/b/",
		"@a/b/c/d",
		"a/b/c",
		"@a/b/c.d",
		"@a//c",
		"@/b/c",
		`@a/b/${"c".repeat(65)}`,
		"@a/b/c\n",
		`@a/${"b".repeat(98)}/c`,
	])("%j is not such a name", (name) => {
		expect(parseAppEventName(name)).toBeUndefined();
	});

	test("can be parsed for every app and event, and is never a name that callers may publish", () => {
		const app = fc.stringMatching(
			/^@[A-Za-z0-9_-]{1,20}\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,40}$/,
		);
		const short = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
		fc.assert(
			fc.property(app, short, (app, event) => {
				const name = appEventName(app, event);
				expect(parseAppEventName(name)).toEqual({ app, event });
				expect(isName(name)).toBe(false);
			}),
		);
		fc.assert(
			fc.property(fc.string(), (name) => {
				const found = parseAppEventName(name);
				if (found) expect(appEventName(found.app, found.event)).toBe(name);
				expect(found && isName(name)).not.toBe(true);
			}),
		);
	});
});

describe("a declaration", () => {
	test("has the values of its parts, as plain data", () => {
		const declared = declarationOf(NAME, parts);
		expect(declared).toEqual(declaration);
		expect(JSON.parse(JSON.stringify(declared))).toEqual(declared);
		expect(structuredClone(declared)).toEqual(declared);
	});

	test("is empty without parts", () => {
		expect(declarationOf(NAME, {})).toEqual({
			name: NAME,
			events: {},
			tools: [],
			capabilities: [],
			grants: [],
			userSubscriptions: {},
		});
	});

	test("does not change if its input changes later", () => {
		const events = structuredClone({ new_email });
		const declared = declarationOf(NAME, { events });
		events.new_email.tokens["@my-org/auth"].account.push("phone");
		events.new_email.payload.required.push("subject");
		expect(declared.events).toEqual({ new_email });
	});

	test("leaves values that are not JSON out of a payload's schema", () => {
		const payload = { type: "string", parse: () => "code" };
		const { events } = declarationOf(NAME, {
			events: { e: { ...new_email, payload } },
		});
		expect(events.e?.payload).toStrictEqual({ type: "string" });
	});

	test("may have public events, which have no tokens", () => {
		const events = { tick: { ...new_email, tokens: {}, capabilities: [] } };
		expect(declarationOf(NAME, { events }).events).toEqual(events);
	});

	test.for(["description", "capabilities", "tokens", "payload"])(
		"is rejected if an event has no %s",
		(member) => {
			for (const absent of [{}, { [member]: undefined }]) {
				const { [member as "tokens"]: _, ...rest } = new_email;
				const events = { new_email: { ...rest, ...absent } };
				expect(() => declarationOf(NAME, { events })).toThrow(
					expect.objectContaining({
						message: `@my-org/email: events.json: new_email.${member}: required`,
					}),
				);
			}
		},
	);

	const at = (member: string, value: unknown) => ({
		events: { new_email: { ...new_email, [member]: value } },
	});
	const AUTH = '.tokens["@my-org/auth"]';
	const account = (account: unknown) =>
		at("tokens", { "@my-org/auth": { account } });

	test.for<[parts: object, path: string, why: string]>([
		[{ events: null }, ": ", "expected an object, got null"],
		[{ events: [] }, ": ", "expected an object, got []"],
		[
			{ events: { "new email": new_email } },
			": ",
			'"new email": "new email" is not a name; use 1 to 64',
		],
		[
			{ events: { "a.b": new_email } },
			": ",
			'"a.b": "a.b" is not a name; use 1 to 64',
		],
		[{ events: { new_email: "x" } }, ": new_email: ", "expected an object"],
		[
			at("tokns", {}),
			": new_email: ",
			'unknown key "tokns"; use description, capabilities, tokens, payload',
		],
		[at("description", ""), ": new_email.description: ", "expected a string"],
		[at("description", 5), ": new_email.description: ", "expected a string"],
		[
			at("capabilities", "event"),
			": new_email.capabilities: ",
			"expected an array",
		],
		[
			at("capabilities", ["event", "mail"]),
			": new_email.capabilities[1]: ",
			'"mail" is not a capability; use storage or event',
		],
		[
			at("tokens", null),
			": new_email.tokens: ",
			"expected an object, got null",
		],
		[at("tokens", ["@a/b"]), ": new_email.tokens: ", "expected an object"],
		[
			at("tokens", { auth: {} }),
			": new_email.tokens.auth: ",
			'"auth" is not the name',
		],
		[
			at("tokens", { "@my-org/auth": {} }),
			`: new_email${AUTH}: `,
			"there is no token type; name one, or leave the issuer out",
		],
		[
			at("tokens", { "@my-org/auth": [] }),
			`: new_email${AUTH}: `,
			"expected an",
		],
		[
			at("tokens", { "@my-org/auth": { "": ["email"] } }),
			`: new_email${AUTH}[""]: `,
			"expected a string that is not empty",
		],
		[account("email"), `: new_email${AUTH}.account: `, "expected an array"],
		[
			account([]),
			`: new_email${AUTH}.account: `,
			"the list is empty; name a field",
		],
		[account([""]), `: new_email${AUTH}.account[0]: `, "expected a string"],
		[account(["a", 5]), `: new_email${AUTH}.account[1]: `, "expected a string"],
		[
			account(["a", "a"]),
			`: new_email${AUTH}.account: `,
			"a field is listed twice; name it once",
		],
		[
			at("tokens", { "@a/a": { t: ["x"] }, "@b/b": { t: ["x"] } }),
			": new_email.tokens: ",
			`"t.x" is a field of @a/a's "t" and of @b/b's "t"`,
		],
		[at("payload", null), ": new_email.payload: ", "expected a JSON Schema"],
		[
			at("payload", () => {}),
			": new_email.payload: ",
			"expected a JSON Schema",
		],
		[at("payload", true), ": new_email.payload: ", "expected a JSON Schema"],
		[
			at("payload", { properties: { from: { type: "text" } } }),
			": new_email.payload: ",
			"invalid JSON Schema: properties.from.type: ",
		],
		[
			at("payload", { $ref: "#/$defs/mail" }),
			": new_email.payload: ",
			'invalid JSON Schema: (schema): Unresolved $ref "#/$defs/mail".',
		],
	])("%o is rejected with its path", ([parts, path, why]) => {
		expect(() => declarationOf(NAME, parts)).toThrow(
			typeError(`@my-org/email: events.json${path}${why}`),
		);
	});

	test.for<[parts: object, message: string]>([
		[{ tools: ["a", "b c"] }, 'tools[1]: "b c" is not a name; use 1 to 64'],
		[{ tools: [["a"]] }, 'tools[0]: ["a"] is not a name'],
		[{ tools: { a: 1 } }, "tools: expected an array"],
		[{ capabilities: ["mail"] }, 'capabilities[0]: "mail" is not a capability'],
		[{ capabilities: null }, "capabilities: expected an array, got null"],
		[{ grants: ["@my-org/inbox", "inbox"] }, 'grants[1]: "inbox" is not the'],
		[{ grants: "@my-org/inbox" }, "grants: expected an array"],
		[
			{ userSubscriptions: { send_email: ["new_email"] } },
			'userSubscriptions.send_email[0]: "new_email" is not the name of an app\'s event; use one such as "@my-org/email/new_email"',
		],
		[
			{ tools: ["a"], userSubscriptions: { b: [] } },
			"userSubscriptions.b: there is no tool of this name; use a",
		],
	])("%j is rejected with its path", ([parts, message]) => {
		expect(() => declarationOf(NAME, parts)).toThrow(
			typeError(`@my-org/email: ${message}`),
		);
	});
});

describe("the declaration of another Worker's app", () => {
	const { payload: _, ...withoutSchema } = new_email;
	const read = { ...declaration, events: { new_email: withoutSchema } };

	test("is read as it was sent, without schemas, which never run in the owner", () => {
		const sent = JSON.parse(JSON.stringify(declarationOf(NAME, parts)));
		expect(declarationFrom(sent)).toEqual(read);
		const payload = { pattern: "(a+)+$", type: 5 };
		const events = { new_email: { ...new_email, payload } };
		expect(declarationFrom({ ...sent, events })).toEqual(read);
	});

	test("is read without the keys and capabilities that a newer deploy added", () => {
		const event = {
			...new_email,
			capabilities: ["storage", "event", "mail"],
			priority: 5,
		};
		expect(
			declarationFrom({
				...declaration,
				version: 2,
				capabilities: ["event", { kind: "mail" }],
				events: { new_email: event },
			}),
		).toEqual(read);
	});

	test("is read with empty parts if an older deploy leaves them out", () => {
		expect(declarationFrom({ name: NAME })).toEqual(declarationOf(NAME, {}));
	});

	test.for<[sent: unknown, message: string]>([
		[undefined, "the declaration of an app: expected an object, got undefined"],
		[null, "the declaration of an app: expected an object, got null"],
		["@my-org/email", "the declaration of an app: expected an object"],
		[[declaration], "the declaration of an app: expected an object"],
		[
			{},
			"the declaration of an app: name: undefined is not the name of an app",
		],
		[
			{ ...declaration, events: [] },
			`${NAME}: events.json: expected an object`,
		],
		[{ ...declaration, events: { e: 1 } }, `${NAME}: events.json: e: expected`],
		[
			{ ...declaration, events: { e: { ...new_email, tokens: undefined } } },
			`${NAME}: events.json: e.tokens: required`,
		],
		[
			{ ...declaration, events: { e: { ...new_email, capabilities: "all" } } },
			`${NAME}: events.json: e.capabilities: expected an array`,
		],
		[{ ...declaration, tools: "all" }, `${NAME}: tools: expected an array`],
		[{ ...declaration, grants: ["*"] }, `${NAME}: grants[0]: "*" is not`],
	])("%j is rejected: %s", ([sent, message]) => {
		expect(() => declarationFrom(sent)).toThrow(typeError(message));
	});

	test("results in a declaration or a TypeError, for any value", () => {
		fc.assert(
			fc.property(fc.anything(), fc.anything(), (value, other) => {
				for (const sent of [
					value,
					{ ...declaration, events: value },
					{ ...declaration, events: { e: value } },
					{ ...declaration, events: { e: { ...new_email, tokens: value } } },
					{ ...declaration, userSubscriptions: value },
					{ ...declaration, tools: value, grants: other },
				])
					try {
						const declared = declarationFrom(sent);
						expect(declarationFrom(declared)).toEqual(declared);
					} catch (error) {
						expect(error).toBeInstanceOf(TypeError);
					}
			}),
		);
	});
});
