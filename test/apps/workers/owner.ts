/** The owner of the events, without apps of its own. A test can shift its clock. */
import { createEvents, defineConfig } from "tidings";
import { apps } from "tidings/apps";
import { worker } from "tidings/worker";
import { portsOf } from "../../../src/registration.ts";
import { appPortsOf } from "../../support/app-ports.ts";
import { shiftClock, withShiftedClock } from "../../support/shifted-clock.ts";

const ends: string[] = [];

export const events = createEvents({
	observe(transition) {
		const { id, type, event } = transition;
		const handler = "handler" in transition ? ` ${transition.handler}` : "";
		const error = "error" in transition ? transition.error : undefined;
		ends.push(
			`${id} ${event} ${type}${handler}${error ? ` ${error.name}: ${error.message}` : ""}`,
		);
	},
});

const config = defineConfig({
	url: "https://events.example",
	subscribers: {
		// First, so that a search in this order finds it before the others.
		thief: { binding: "THIEF" as never },
		source: { binding: "SOURCE" as never, apps: ["@far/source"] },
		reader: { binding: "READER" as never },
		older: { binding: "OLDER" as never },
	},
	issuers: {
		"@my-org/auth": {
			issuer: "https://auth.example",
			secret: "a secret of the tests, 32 bytes at least",
		},
	},
});

const own = worker(events, {
	config,
	apps: apps(),
	async fetch(request) {
		const { pathname, searchParams } = new URL(request.url);
		switch (pathname) {
			case "/ends":
				return Response.json(ends);
			case "/check": {
				const { name, body } = (await request.json()) as Check;
				const checked = portsOf(events).extension.checkReplay(name, body);
				return Response.json(
					await checked.then(
						() => null,
						({ code, message }) => ({ code, message }),
					),
				);
			}
			case "/publish":
				return Response.json(await events.publish("order.placed"));
			case "/clock": {
				shiftClock(Number(searchParams.get("offset")));
				return new Response();
			}
			case "/state": {
				const name = searchParams.get("name") as string;
				const subscriptions = appPortsOf(events).subscriptionsOf(name);
				return Response.json(await subscriptions.state());
			}
			default: {
				const { app, tool, input, tokens } = (await request.json()) as Run;
				const run = events.apps.run(app, tool, input, { tokens });
				return Response.json(
					await run.then(
						(output) => ({ output }),
						({ name, code, message }) => ({ error: { name, code, message } }),
					),
				);
			}
		}
	},
});

export default {
	fetch: (...args: Parameters<typeof own.fetch>) =>
		withShiftedClock(() => own.fetch(...args)),
	queue: (...args: Parameters<typeof own.queue>) =>
		withShiftedClock(() => own.queue(...args)),
};

interface Check {
	name: string;
	body: unknown;
}

interface Run {
	app: string;
	tool: string;
	input: unknown;
	tokens: string[];
}

export {
	DeadLetters,
	Payloads,
	Scheduler,
	Subscriptions,
} from "tidings/objects";
