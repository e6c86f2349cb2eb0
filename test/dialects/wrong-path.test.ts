/** A handler's path that leads nowhere keeps the Worker from starting, in every dialect that knows paths. */
import { handlerModules } from "tidings";
import { EventBus } from "tidings/sst";
import { tscRun } from "tidings/tsc-run";
import { worker } from "tidings/worker";
import { expect, test } from "vitest";
import "./worker.ts";

test("tsc.run's subscriber without a file is told at start-up, and starts once the file is there", () => {
	const subscribers = { "send-nothing": { events: ["nothing.sent"] } };
	const events = tscRun({ events: { subscribers } });
	expect(() => worker(events)).toThrow(
		/"src\/subscribers\/send-nothing": known are .*src\/subscribers\/update-analytics.ts. Run npx tidings generate/,
	);
	handlerModules({ "src/subscribers/send-nothing.ts": { handle: () => {} } });
	expect(() => worker(events)).not.toThrow();
});

test("SST's path to an export that is not there is told at start-up, and starts once it is", () => {
	const bus = new EventBus(null, "wrong");
	const file = "packages/functions/src/events/todo-created";
	bus.subscribe("todo.created", `${file}.handle`);
	expect(() => worker(tscRun({}))).toThrow(
		/todo-created.ts" exports no function handle: its exports are handler/,
	);
	handlerModules({ [`${file}.ts`]: { handle: () => {} } });
	expect(() => worker(tscRun({}))).not.toThrow();
});
