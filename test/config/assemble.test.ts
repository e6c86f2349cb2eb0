import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createApp } from "../../src/apps/app.ts";
import { consume } from "../../src/consume/queue.ts";
import { apps } from "../../src/entrypoints/apps.ts";
import {
	type Config,
	createEvents,
	handlerModules,
	type TidingsEvent,
} from "../../src/index.ts";
import { portsOf } from "../../src/registration.ts";
import { worker } from "../../src/worker.ts";
import { incoming, record } from "../support/incoming.ts";
import { recordingPorts } from "../support/ports.ts";

/** As a stub of another Worker, which has every method until it is called. */
Object.assign(env, { BOUND: { handlers() {} } });

const welcomed: TidingsEvent[] = [];
handlerModules({
	"src/subscribers/welcome.ts": {
		handler: (event: TidingsEvent) => void welcomed.push(event),
	},
	"src/subscribers/empty.ts": {},
});

const starting = (config: unknown, ...handlers: string[]) => {
	const events = createEvents();
	for (const id of handlers) events.on("order.placed", { id }, () => {});
	return () => worker(events, { config: config as Config });
};

const mail = { subscribers: { mail: { binding: "BOUND" } } };

test("a Worker starts with a configuration whose bindings and handlers exist", () => {
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
		"a missing binding",
		{ subscribers: { mail: { binding: "MISSING" } } },
		/^tidings\.config\.ts: subscribers\.mail\.binding: "MISSING" is not bound; add it to \[\[services\]\].*entrypoint = "Subscriber"/,
	],
	...["EVENTS_QUEUE", "toString"].map((binding): [string, unknown, RegExp] => [
		`${binding} for a Worker`,
		{ subscribers: { mail: { binding } } },
		/subscribers\.mail\.binding: "\w+" is not the binding of a Worker/,
	]),
	[
		"a route to a Worker without a handler",
		{ ...mail, routes: { mail: { events: "a.b" } } },
		/routes\["mail"\]: handler "mail" does not exist; use/,
	],
	[
		"a route to an inherited property",
		{ ...mail, routes: { a: { handler: "constructor/a" } } },
		/routes\["a"\]: handler "constructor\/a" does not exist/,
	],
	[
		"a route with another Worker's prefix",
		{ ...mail, routes: { "mail/log": { handler: "mail/send" } } },
		/routes\["mail\/log"\]: this name may belong to a handler of the Worker mail.*does not begin with mail\//,
	],
	[
		"an unknown handler",
		{ ...mail, routes: { "send-mail": { events: "a.b" } } },
		/^tidings\.config\.ts: routes\["send-mail"\]: handler "send-mail" does not exist; use one of this Worker \(own, audit\) or of another \(they begin with mail\/\), or write src\/subscribers\/send-mail and run npx tidings generate/,
	],
	[
		"a handler of an unknown Worker",
		{ ...mail, routes: { a: { handler: "post/send" } } },
		/routes\["a"\]: handler "post\/send" does not exist/,
	],
	[
		"a route with the id of another handler",
		{ ...mail, routes: { own: { handler: "mail/send" } } },
		/routes\["own"\]: a handler has this id, but the route calls "mail\/send"; rename the new one of the two/,
	],
	["an invalid value", { shards: 0 }, /^tidings\.config\.ts: shards: 0 is not/],
])("a Worker does not start with %s", ([, config, message]) => {
	expect(starting(config, "own", "audit")).toThrow(message);
});

test("a Worker may have a handler whose id is the key of another Worker", () => {
	expect(starting(mail, "mail")).not.toThrow();
});

test("a Worker does not start with a handler whose id begins with the key of another Worker", () => {
	expect(starting(mail, "mail/send")).toThrow(
		/subscribers\.mail: this Worker's own handler "mail\/send" begins with that key; rename the new one of the two/,
	);
});

test("a Worker does not start if its configuration gives an app of its own to another Worker", () => {
	const events = createEvents({ apps: [createApp("@acme/mail", {})] });
	const subscribers = { mail: { binding: "BOUND", apps: ["@acme/mail"] } };
	const config = { subscribers } as Config;
	expect(() => worker(events, { config, apps: apps() })).toThrow(
		'tidings.config.ts: subscribers.mail.apps: this Worker\'s createEvents has the app "@acme/mail", too; remove it from one of them',
	);
});

test("a route with the name of a file in src/subscribers runs the file's export", async () => {
	const events = createEvents();
	worker(events, {
		config: {
			routes: { welcome: { events: ["user.registered", "user.verified"] } },
		},
	});
	const ports = recordingPorts({ workers: portsOf(events).workers });
	const message = incoming(record("user.verified"));
	await consume([message, incoming(record("user.left"))], "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	expect(welcomed).toMatchObject([{ name: "user.verified", body: { n: 1 } }]);
});

test("a Worker does not start with a file that exports no handler, or one without events", () => {
	expect(starting({ routes: { empty: { events: "a.b" } } })).toThrow(
		/"src\/subscribers\/empty\.ts" exports no function default or handler or handle/,
	);
	expect(starting({ routes: { welcome: { retries: 1 } } })).toThrow(
		/routes\["welcome"\].*give the route of src\/subscribers\/welcome its events/,
	);
});
