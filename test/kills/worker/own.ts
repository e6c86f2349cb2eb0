/** The events and handlers of the Worker under test. Every run of a handler is reported to the ledger. */
import "./bindings.ts";
import { env } from "cloudflare:workers";
import { createEvents, type HandlerContext, type TidingsEvent } from "tidings";
import { worker } from "tidings/worker";
import { faulty, type KillsEnv } from "./points.ts";

const { LEDGER } = env as unknown as KillsEnv;

const events = createEvents({
	observe: ({ type, event, id, ...rest }) =>
		console.log(
			`${type} ${event} ${id}`,
			"handler" in rest ? rest.handler : "",
		),
});
const soon = { backoff: "constant", base: "1 second" } as const;

events.on("**", { id: "flaky", retries: soon }, (event, context) =>
	run(event, context, context.attempt > 1),
);
events.on(
	"**.doomed",
	{ id: "doomed", retries: { ...soon, limit: 1 } },
	(event, context) => run(event, context, false),
);

/** Reports before the handler ends, so a run that the ledger does not know did not succeed. */
async function run(
	{ id, body }: TidingsEvent,
	{ handler, attempt }: HandlerContext,
	succeeds: boolean,
): Promise<void> {
	await faulty(`handler → ${handler}`, async () => {
		const bytes = JSON.stringify(body).length;
		const { ok } = await fetch(new URL("/runs", LEDGER), {
			method: "POST",
			body: JSON.stringify({ id, handler, attempt, bytes, succeeds }),
		});
		if (!ok) throw new Error("the ledger did not accept the report");
	});
	if (!succeeds) throw new Error(`attempt ${attempt} fails`);
}

// The largest number of shards, because an event that wakes another shard's rows would hide a missing alarm.
export const own = worker(events, { config: { shards: 256 } });
