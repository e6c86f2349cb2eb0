/** A wrong path of a handler prevents the Worker from starting, in every dialect with paths. */
import { handlerModules } from "tidings";
import { EventBus } from "tidings/sst";
import { tscRun } from "tidings/tsc-run";
import { worker } from "tidings/worker";
import { expect, test } from "vitest";
import "./worker.ts";

test("tsc.run's subscriber without a file fails at start-up, not with the first event, and works once the file exists", () => {
	const subscribers = { "send-nothing": { events: ["nothing.sent"] } };
	const events = tscRun({ events: { subscribers } });
	expect(() => worker(events)).toThrow(
		/no module "src\/subscribers\/send-nothing", only .*src\/subscribers\/update-analytics.ts; run npx tidings generate/,
	);
	handlerModules({ "src/subscribers/send-nothing.ts": { handle: () => {} } });
	expect(() => worker(events)).not.toThrow();
});

test("SST's path without an export fails at start-up, and works once the export is registered", () => {
	const bus = new EventBus(null, "wrong");
	const file = "packages/functions/src/events/todo-created";
	bus.subscribe("todo.created", `${file}.handle`);
	expect(() => worker(tscRun({}))).toThrow(
		/todo-created.ts" exports no function handle, only handler; export/,
	);
	handlerModules({ [`${file}.ts`]: { handle: () => {} } });
	expect(() => worker(tscRun({}))).not.toThrow();
});
