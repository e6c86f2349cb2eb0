/** An object that performs given steps, in calls and in its alarm. */
import { DurableObject } from "cloudflare:workers";
import { notes, type Taken } from "./notes.ts";

export type Step =
	/** Records a note. */
	| { do: "note"; text: string }
	/** Writes a row. */
	| { do: "write"; text: string }
	/** Lists the rows. */
	| { do: "rows" }
	/** Runs an SQL statement. Returns its rows. */
	| { do: "query"; text: string }
	/** Stores a key, and deletes it twice. Returns the answers, and whether the key is there. */
	| { do: "delete key" }
	/** Counts in memory. */
	| { do: "count" }
	/** Awaits a timer, not storage. */
	| { do: "wait"; ms: number }
	| { do: "setAlarm"; in: number }
	| { do: "getAlarm" }
	| { do: "deleteAlarm" }
	| { do: "deleteAll" }
	/** Performs steps in one tick, without awaiting them. */
	| { do: "turn"; steps: readonly Step[] }
	/** Performs steps in a transaction. */
	| { do: "transaction"; steps: readonly Step[] }
	/** Sets the steps of each run of the alarm. Further runs have no steps. */
	| { do: "plan"; runs: readonly (readonly Step[])[] }
	/** Changes its copy of the argument, and returns the copy. */
	| { do: "change"; value: { changed?: boolean } }
	| { do: "throw" }
	/** Runs a statement that fails, and catches the error. It rolls back itself alone or the whole transaction. */
	| { do: "fail"; with: "statement" | "transaction" }
	/** Makes the next constructor call of the object throw. */
	| { do: "throw when made" }
	| { do: "abort" };

/** The error that a step throws, with the properties that must cross RPC. */
class ProbeError extends Error {
	override readonly name = "ProbeError";
	readonly code = 17;
	readonly detail = { why: "it was told to" };
}

export class Probe extends DurableObject {
	#count = 0;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		this.#createTables();
		const name = String(ctx.storage.kv.get("name"));
		const at = notes.throwing.indexOf(name);
		if (at < 0) return;
		notes.throwing.splice(at, 1);
		throw new ProbeError("it throws");
	}

	/** Performs the steps in order. Returns their results. */
	async take(name: string, steps: readonly Step[]): Promise<unknown[]> {
		this.ctx.storage.kv.put("name", name);
		return this.#takeAll(steps, 0);
	}

	override async alarm(info?: AlarmInvocationInfo): Promise<void> {
		const { kv } = this.ctx.storage;
		const object = kv.get("name");
		// A count in the storage could be lost with the run.
		const run = 1 + notes.taken.filter(isRun).length;
		this.#note(run, "alarm", { isRetry: info?.isRetry });
		const plan = (kv.get("plan") ?? []) as readonly (readonly Step[])[];
		await this.#takeAll(plan[run - 1] ?? [], run);

		function isRun(taken: Taken): boolean {
			return taken.object === object && taken.step === "alarm";
		}
	}

	async #takeAll(steps: readonly Step[], run: number): Promise<unknown[]> {
		const results = [];
		for (const step of steps) {
			const result = await this.#take(step);
			this.#note(run, step.do === "note" ? step.text : step.do, result ?? null);
			results.push(result);
		}
		return results;
	}

	#take(step: Step): unknown {
		const { storage } = this.ctx;
		switch (step.do) {
			case "note":
				return null;
			case "write":
				storage.sql.exec("INSERT INTO row (text) VALUES (?)", step.text);
				return null;
			case "rows":
				return storage.sql
					.exec("SELECT text FROM row ORDER BY rowid")
					.toArray()
					.map(({ text }) => text);
			case "query":
				return storage.sql.exec(step.text).toArray();
			case "delete key":
				storage.kv.put("temporary", 1);
				return [
					storage.kv.delete("temporary"),
					storage.kv.delete("temporary"),
					storage.kv.get("temporary") !== undefined,
				];
			case "count":
				return ++this.#count;
			case "wait":
				return new Promise((resolve) => setTimeout(resolve, step.ms));
			case "setAlarm": {
				const at = Date.now() + step.in;
				return storage.setAlarm(at).then(() => at);
			}
			case "getAlarm":
				return storage.getAlarm();
			case "deleteAlarm":
				return storage.deleteAlarm();
			case "deleteAll":
				return storage.deleteAll().then(() => this.#createTables());
			case "turn":
				for (const part of step.steps) this.#take(part);
				return null;
			case "transaction":
				return storage.transactionSync(() =>
					this.#take({ ...step, do: "turn" }),
				);
			case "plan":
				storage.kv.put("plan", step.runs);
				return null;
			case "change":
				step.value.changed = true;
				return step.value;
			case "throw":
				throw new ProbeError("it throws");
			case "fail": {
				const otherwise = step.with === "statement" ? "ABORT" : "ROLLBACK";
				try {
					storage.sql.exec(`INSERT OR ${otherwise} INTO row VALUES (NULL)`);
				} catch {
					return "failed";
				}
				return null;
			}
			case "throw when made":
				notes.throwing.push(String(storage.kv.get("name")));
				return null;
			case "abort":
				this.ctx.abort("it is told to");
		}
	}

	#createTables(): void {
		this.ctx.storage.sql.exec(
			"CREATE TABLE IF NOT EXISTS row (text TEXT NOT NULL)",
		);
	}

	#note(run: number, step: string, result: unknown): void {
		const object = String(this.ctx.storage.kv.get("name"));
		notes.taken.push({ object, run, step, result, at: Date.now() });
	}
}
