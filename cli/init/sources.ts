/** The modules that `init` writes: text only. */

/** The events of an owner, and its first handler. It works with every version of zod that is a Standard Schema. */
export const EVENTS = `/** The events of this Worker, and its handlers. */
import { createEvents, event } from "tidings";
import * as z from "zod";

/** An event: its name, and the schema of its body. */
export const UserJoined = event(
	"user.joined",
	z.object({ userId: z.string(), email: z.string() }),
);

export const events = createEvents({ events: [UserJoined] });

// A handler can run more than once for an event, and is retried when it throws.
events.on(UserJoined, { id: "welcome", retries: 5 }, async ({ id, body }) => {
	console.log(\`welcome, \${body.email}, by event \${id}\`);
});
`;

/** The body of the first event, for a call. */
export const FIRST_BODY = '{"userId":"u1","email":"ada@example.com"}';
export const FIRST_NAME = "user.joined";

export function entryOf(events: string): string {
	return `/** The Worker: the consumer of its events, the HTTP API, the dashboard, and the selftest. */
import { dashboard } from "tidings/dashboard";
import { selftest } from "tidings/selftest";
import { worker } from "tidings/worker";
import { events } from ${JSON.stringify(events)};

export default worker(events, {
	dashboard: dashboard(),
	selftest: selftest(),
});
export * from "tidings/objects";
`;
}

/** Handlers of events of another Worker. */
export const SUBSCRIBER_EVENTS = `/** The handlers of this Worker. The owner of the events calls them. */
import { createEvents } from "tidings";

export const events = createEvents();

// Import the type of the body from the owner. A handler can run more than once for an event, and is retried when it throws.
events.on<{ userId: string; email: string }>(
	"user.joined",
	{ id: "welcome", retries: 5 },
	async ({ id, body }) => {
		console.log(\`welcome, \${body.email}, by event \${id}\`);
	},
);
`;

/** As in TypeScript, without the type of the body. */
export const SUBSCRIBER_EVENTS_JS = SUBSCRIBER_EVENTS.replace(/<\{.*\}>/, "");

export function subscriberEntryOf(events: string): string {
	return `/** A Worker with handlers. The owner of the events calls it through \`Subscriber\`. */
import { subscriber } from "tidings/worker";
import { events } from ${JSON.stringify(events)};

export const Subscriber = subscriber(events);
// Cloudflare deploys no Worker without a default export.
export default {
	fetch: () => new Response(null, { status: 404 }),
};
`;
}

export function clientOf(owner: string): string {
	return `/** Publishes events through their owner, the Worker ${owner}. */
import { env } from "cloudflare:workers";
import { createClient } from "tidings/client";

// For typed names and bodies, import the type of the owner's events: createClient<typeof events>(env.EVENTS).
export const events = createClient(env.EVENTS);

// In a handler of this Worker: await events.publish("user.joined", { userId: "u1", email: "ada@example.com" });
`;
}

export function publisherEntryOf(client: string): string {
	return `/** A Worker that publishes. */
import { events } from ${JSON.stringify(client)};

export default {
	async fetch() {
		const body = { userId: "u1", email: "ada@example.com" };
		const { id } = await events.publish("user.joined", body);
		return Response.json({ id }, { status: 202 });
	},
};
`;
}

export const TSCONFIG = `{
	"compilerOptions": {
		"target": "es2024",
		"lib": ["es2024"],
		"module": "esnext",
		"moduleResolution": "bundler",
		"types": [],
		"strict": true,
		"skipLibCheck": true,
		"verbatimModuleSyntax": true,
		"allowImportingTsExtensions": true,
		"noEmit": true
	},
	"include": ["src", "test", "worker-configuration.d.ts"]
}
`;
