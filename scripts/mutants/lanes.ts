/** Breaks of lanes: an event goes by its own, and no lane loses one, whatever becomes of its queues. */
import type { Break } from "./break.ts";

export const LANES: readonly Break[] = [
	{
		why: "a lane that there is not is accepted",
		file: "src/stamp.ts",
		from: "checkLane(lane, ports.lanes);",
		to: "",
	},
	{
		why: "an event goes by its lane without saying so in its record",
		file: "src/stamp.ts",
		from: "recordOf(head, lane, body)",
		to: "recordOf(head, undefined, body)",
	},
	{
		why: "a batch goes by the lane of its first event, whatever lanes it names",
		file: "src/publish.ts",
		from: "return dueAt === undefined ? lane :",
		to: "return dueAt === undefined ? undefined :",
	},
	{
		why: "a lane that takes nothing holds up the hand-over of the others",
		file: "src/contract/lane.ts",
		from: "return send(records);",
		to: "throw error;",
	},
	{
		why: "what a lane does not take is left out of the hand-over",
		file: "src/contract/lane.ts",
		from: "return send(records);",
		to: "",
	},
	{
		why: "a hand-over that fails is taken for done",
		file: "src/contract/lane.ts",
		from: 'for (const end of ends) if (end.status === "rejected") throw end.reason;',
		to: "void ends;",
	},
	{
		why: "what names a lane that is gone goes nowhere",
		file: "src/contract/lane.ts",
		from: "return inLane(lane, lanes)?.events ?? events;",
		to: "return lane === undefined ? events : (inLane(lane, lanes) as Lane).events;",
	},
	{
		why: "a batch in one lane goes to as many queues as it has records",
		file: "src/lanes.ts",
		from: "sendTo(records[0], (queue) => queue.sendBatch(records)),",
		to: `Promise.all(
				records.map((record) => sendTo(record, (queue) => queue.sendBatch([record]))),
			).then(() => {}),`,
	},
	{
		why: "a queue that takes nothing stops its part of a lane",
		file: "src/lanes.ts",
		from: "return send(at(all, place + 1));",
		to: "throw error;",
	},
	{
		why: "a queue that is drained is sent to",
		file: "src/contract/queues.ts",
		from: "isDraining: draining.includes(queue.name)",
		to: "isDraining: false",
	},
	{
		why: "a queue that is drained is not worked off",
		file: "src/worker.ts",
		from: "queueNames().map(",
		to: "queueNames().filter((one) => !one.isDraining).map(",
	},
	{
		why: "two lanes share a binding",
		file: "src/contract/queues.ts",
		from: 'checkOnce("binding", queues, "binding");',
		to: "",
	},
	{
		why: "the health looks at three queues and no more",
		file: "src/entrypoints/http/health.ts",
		from: "owner.queues(),",
		to: "owner.queues().slice(0, 3),",
	},
	{
		why: "deliveries that a crash has split leave their lane",
		file: "src/carry.ts",
		from: "await retriesQueue(event.envelope.lane, ports).sendBatch(records);",
		to: "await ports.retries.sendBatch(records);",
	},
	{
		why: "a replay leaves its lane",
		file: "src/replay.ts",
		from: "await retriesQueue(laneOf(record), ports).send(record);",
		to: "await ports.retries.send(record);",
	},
	{
		why: "shards that were taken away are neither listed nor watched",
		file: "src/configure.ts",
		from: "schedulerOf(shards.all, schedulerShard)",
		to: "schedulerOf(shards.now, schedulerShard)",
	},
	{
		why: "new events go to shards that are to be taken away",
		file: "src/configure.ts",
		from: "newId(time, shards.now)",
		to: "newId(time, shards.all)",
	},
];
