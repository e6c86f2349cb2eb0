import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { type Config, createEvents } from "../src/index.ts";
import { worker } from "../src/worker.ts";

Object.assign(env, { BOUND: {} });

const starting = (config: unknown, ...handlers: string[]) => {
	const events = createEvents();
	for (const id of handlers) events.on("order.placed", { id }, () => {});
	return () => worker(events, { config: config as Config });
};

const mail = { subscribers: { mail: { binding: "BOUND" } } };

test("a Worker starts with a configuration whose bindings and handlers are there", () => {
	expect(
		starting(
			{
				...mail,
				routes: {
					own: { events: "user.*" },
					renamed: { handler: "other" },
					"mail/send": { retries: 1 },
					receipts: { handler: "mail/send" },
				},
			},
			"own",
			"other",
		),
	).not.toThrow();
});

test.for<[string, unknown, RegExp]>([
	[
		"a binding that is missing",
		{ subscribers: { mail: { binding: "MISSING" } } },
		/^tidings\.config\.ts: subscribers\.mail\.binding: "MISSING" is not bound: add it to \[\[services\]\].*entrypoint = "Subscriber"/,
	],
	[
		"a handler that nobody has",
		{ ...mail, routes: { "send-mail": { events: "a.b" } } },
		/^tidings\.config\.ts: routes\["send-mail"\]: there is no handler "send-mail": this Worker has own, audit, and handlers of others begin with mail\//,
	],
	[
		"a handler of a Worker that is not named",
		{ ...mail, routes: { a: { handler: "post/send" } } },
		/routes\["a"\]: there is no handler "post\/send"/,
	],
	[
		"a route with the name of a handler that it does not call",
		{ ...mail, routes: { own: { handler: "mail/send" } } },
		/routes\["own"\]: a handler has this id and the route calls another, "mail\/send"/,
	],
	[
		"a value that is wrong by itself",
		{ shards: 0 },
		/^tidings\.config\.ts: shards: 0 is not/,
	],
])("a Worker does not start with %s", ([, config, message]) => {
	expect(starting(config, "own", "audit")).toThrow(message);
});

test("a Worker does not start with a handler of its own that could be another's", () => {
	expect(starting(mail, "mail/send")).toThrow(
		/subscribers\.mail: this Worker's own handler "mail\/send" begins with that key/,
	);
});
