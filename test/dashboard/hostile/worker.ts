/** A Worker with hostile ids, texts, schemas and fields of tokens. Both of its handlers fail. */
import { createEvents, defineConfig, event, NonRetryableError } from "tidings";
import { apps, createApp } from "tidings/apps";
import { dashboard } from "tidings/dashboard";
import { worker } from "tidings/worker";
import * as z from "zod";
import { EVIL, EVIL_ID, SECRET } from "./names.ts";

const idle = { default: () => {} };

const bell = createApp("@hostile/bell", {
	events: {
		rung: {
			description: EVIL,
			capabilities: [],
			tokens: { "@hostile/auth": { [EVIL]: [EVIL] } },
			payload: { type: "object" },
		},
	},
	handlers: { rung: { start: idle, handler: idle, stop: idle } },
	tools: { hear: idle },
	capabilities: [],
	userSubscriptions: { hear: ["@hostile/bell/rung"] },
});

const OrderPlaced = event(
	"order.placed",
	z.object({ [EVIL]: z.string().describe(EVIL).default(EVIL) }),
);

const events = createEvents({ events: [OrderPlaced], apps: [bell] });

// A dead letter at once.
events.on<{ email?: string }>("order.*", { id: EVIL_ID }, ({ body }) => {
	const error = new NonRetryableError(`no mail can reach ${body?.email}`);
	throw Object.assign(error, { name: EVIL, stack: EVIL });
});

// A delivery that waits for its retry.
const waits = { id: `${EVIL_ID}waits`, retries: { base: "1 hour" } } as const;
events.on("order.placed", waits, () => {
	throw Object.assign(new Error(EVIL), { name: EVIL });
});

const config = defineConfig({
	issuers: {
		"@hostile/auth": { issuer: "https://auth.example", secret: SECRET },
	},
});

export default worker(events, {
	config,
	apps: apps(),
	dashboard: dashboard(),
});
export * from "tidings/objects";
