/** Breaks of scheduling: a row leaves only after the queue took its record, and an alarm stands while rows wait. */
import type { Break } from "./break.ts";

const TABLE = "src/objects/held-table.ts";
const OBJECT = "src/objects/scheduler.ts";

export const SCHEDULING: readonly Break[] = [
	{
		why: "rows leave before the queue has taken them",
		file: "src/schedule.ts",
		from: `		await ports.queue.sendBatch(batch.map(({ record }) => record));
		rows.settle(kind, batch);`,
		to: `		rows.settle(kind, batch);
		await ports.queue.sendBatch(batch.map(({ record }) => record));`,
	},
	{
		why: "a hand-over sends an event a second early",
		file: "src/schedule.ts",
		from: "rows.claim(kind, ports.clock())",
		to: "rows.claim(kind, ports.clock() + 1_000)",
	},
	{
		why: "a hand-over does not keep large bodies longer",
		file: "src/schedule.ts",
		from: "await keepPayloads(batch, ports);",
		to: "",
	},
	{
		why: "a large body that cannot be kept longer holds the hand-over up",
		file: "src/schedule.ts",
		from: ".catch((error) =>",
		to: ".then((error: unknown) =>",
	},
	{
		why: "a rescheduled event keeps its large body no longer than before",
		file: "src/schedule.ts",
		from: "await payloads.keep(found.reference, dueAt + PAYLOAD_KEPT);",
		to: "void 0;",
	},
	{
		why: "the claim lives in memory alone",
		file: TABLE,
		from: "\t\t\t`INSERT INTO claim (kind, keys) VALUES (?, ?)\n\t\t\t ON CONFLICT (kind) DO UPDATE SET keys = excluded.keys`,",
		to: `			"SELECT ?, ?",`,
	},
	{
		why: "the claim is forgotten when the object starts again",
		file: TABLE,
		from: "this.#claimed[kind] = new Set(this.#claim(kind).map(heldKey));",
		to: "this.#claimed[kind] = new Set();",
	},
	{
		why: "a claimed event can be cancelled and moved",
		file: TABLE,
		from: `		if (this.#isClaimed(id, "")) return "gone";\n`,
		to: "",
	},
	{
		why: "whoever knows its id may cancel and move an event",
		file: TABLE,
		from: `return mayPublish(right, row.name) ? row : "forbidden";`,
		to: `return mayPublish("all", row.name) ? row : "forbidden";`,
	},
	{
		why: "what is claimed is listed",
		file: TABLE,
		from: `			.filter((row) => !this.#isClaimed(row.id, ""))\n`,
		to: "",
	},
	{
		why: "a second split sets a delivery back",
		file: TABLE,
		from: "(excluded.attempt > held.attempt OR (?8 = 1 AND excluded.attempt = held.attempt))",
		to: "?8 IN (0, 1)",
	},
	{
		why: "a delivery that is on its way out cannot be held again",
		file: TABLE,
		from: "(?8 = 1 AND excluded.attempt = held.attempt)",
		to: "?8 > 1",
	},
	{
		why: "a row that moved on after it was claimed is settled with the others",
		file: TABLE,
		from: `					"DELETE FROM held WHERE id = ? AND handler = ? AND due_at = ?",
					...[id, handler, dueAt],
				);
		});`,
		to: `					"DELETE FROM held WHERE id = ? AND handler = ? AND 0 < ?",
					...[id, handler, dueAt],
				);
		});`,
	},
	{
		why: "a row that moves on keeps its due time",
		file: TABLE,
		from: "due_at = max(excluded.due_at, held.due_at + 1)",
		to: "due_at = held.due_at",
	},
	{
		why: "a claim counts characters",
		file: TABLE,
		from: "bytes += messageBytes(row.record);",
		to: "bytes += row.record.length + 100;",
	},
	{
		why: "settling one kind forgets the other's claim",
		file: TABLE,
		from: `		});
		this.#claimed[kind].clear();`,
		to: `		});
		for (const each of HELD_KINDS) this.#claimed[each].clear();`,
	},
	{
		why: "no alarm is set when a hand-over ends",
		file: OBJECT,
		from: ".then(() => this.#armForNext());",
		to: ".then(() => {});",
	},
	{
		why: "what is held while the next alarm is being set waits for that one",
		file: OBJECT,
		from: `				this.#handingOver = undefined;
			})
			.then(() => this.#armForNext());`,
		to: `				void 0;
			})
			.then(() => this.#armForNext())
			.finally(() => {
				this.#handingOver = undefined;
			});`,
	},
	{
		why: "an alarm that died already is not set before the work that can fail",
		file: OBJECT,
		from: "await this.#arm(Date.now() + LONGEST_BACKOFF).catch((error) =>",
		to: "await Promise.resolve().catch((error) =>",
	},
	{
		why: "an object that starts does not set a missing alarm",
		file: OBJECT,
		from: "await this.#correct(this.#armedAt, 0).catch((error) =>",
		to: "await Promise.resolve().catch((error) =>",
	},
	{
		why: "an object that starts leaves a hand-over that was cut off to its next alarm",
		file: OBJECT,
		from: "await this.#correct(this.#armedAt, 0).catch((error) =>",
		to: "await this.#correct(this.#armedAt, LONGEST_BACKOFF).catch((error) =>",
	},
	{
		why: "an alarm that comes early is set for the same time again",
		file: OBJECT,
		from: "Math.min(...times) + doubling(FIRST_DELAY, this.#early)",
		to: "Math.min(...times)",
	},
	{
		why: "an alarm that went missing while nothing waits is believed to stand",
		file: "src/objects/scheduler.ts",
		from: "if (!this.#handingOver) this.#armedAt = alarm;",
		to: "",
	},
	{
		why: "an alarm that stands too late is left",
		file: OBJECT,
		from: "if (alarm === null || alarm > latest)",
		to: "if (alarm === null)",
	},
	{
		why: "an earlier event does not move the alarm",
		file: OBJECT,
		from: "			nextDueAt < this.#armedAt ||\n",
		to: "",
	},
	{
		why: "a moved event does not move the alarm",
		file: OBJECT,
		from: `if (typeof moved === "object") await this.#armAhead();`,
		to: "",
	},
	{
		why: "a queue that never answers holds the alarm for ever",
		file: OBJECT,
		from: "inTime(sending, SEND_TIME, realTimer, TOO_LONG)",
		to: "sending",
	},
	{
		why: "a queue that fails makes the alarm throw",
		file: OBJECT,
		from: `					this.#failures[kind]++;`,
		to: `					throw error;`,
	},
	{
		why: "a hand-over that failed is tried again at once, for ever",
		file: OBJECT,
		from: "const failures = this.#failures[kind];",
		to: "const failures = 0 * this.#failures[kind];",
	},
	{
		why: "overlapping alarms each hand over",
		file: OBJECT,
		from: "this.#handingOver ??= this",
		to: "this.#handingOver = this",
	},
	{
		why: "long retries go to the events queue",
		file: OBJECT,
		from: "const queueOf = { events: eventsQueue, deliveries: retriesQueue };",
		to: "const queueOf = { events: eventsQueue, deliveries: eventsQueue };",
	},
	{
		why: "all rows are held in the first shard",
		file: "src/shards.ts",
		from: "shardAt(shardOf(first.id) ?? 0)",
		to: "shardAt(0)",
	},
	{
		why: "an alarm that could not be set is remembered as set",
		file: OBJECT,
		from: "			this.#armedAt = null;\n			throw error;",
		to: "			throw error;",
	},
	{
		why: "an alarm that went missing keeps later events from setting one",
		file: OBJECT,
		from: "return armedAt < Date.now() - LONGEST_BACKOFF;",
		to: "return armedAt < 0 * LONGEST_BACKOFF;",
	},
	{
		why: "the cron trigger does not wait for the shards",
		file: "src/worker.ts",
		from: "owner.scheduler.watch(),",
		to: "void owner.scheduler.watch(),",
	},
];
