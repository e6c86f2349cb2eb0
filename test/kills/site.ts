/** The state folder and ledger of one run, and its runtime, which is restarted after each kill. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { deadLetters, type Publish, publish } from "./api.ts";
import { Ledger, type Sums } from "./ledger.ts";
import { rowsLeft } from "./rows.ts";
import type { Runtime, Setting, Start } from "./runtime.ts";
import { untilNone } from "./until.ts";

export class Site {
	readonly ledger = new Ledger();
	readonly #folder: string;
	readonly #start: Start;
	readonly #points: boolean;
	#setting: Setting | undefined;
	#runtime: Promise<Runtime> = Promise.reject(new Error("not started"));
	kills = 0;

	/** @param folder may not exist yet */
	constructor(folder: string, start: Start, points: boolean) {
		this.#folder = folder;
		this.#start = start;
		this.#points = points;
		this.#runtime.catch(() => {});
	}

	async open(): Promise<void> {
		const state = join(this.#folder, "state");
		mkdirSync(state, { recursive: true });
		this.#setting = {
			state,
			ledger: await this.ledger.open(),
			points: this.#points,
			log: join(this.#folder, "log"),
		};
		this.#runtime = this.#start(this.#setting);
		await this.#runtime;
	}

	async url(): Promise<string> {
		return (await this.#runtime).url;
	}

	/** Kills the runtime at once, and starts it again. */
	async killAndRestart(spareParent = false): Promise<void> {
		this.kills++;
		const before = this.#runtime;
		this.#runtime = before.then(async (runtime) => {
			await runtime.kill(spareParent);
			return this.#start(this.#setting as Setting);
		});
		await this.#runtime;
	}

	/** Publishes until all events are acknowledged. */
	async publish(events: readonly Publish[]): Promise<void> {
		let rest = events;
		for (let tries = 0; rest.length > 0; tries++) {
			if (tries === 100)
				throw new Error("no event was acknowledged in 100 tries");
			rest = await this.offer(rest);
		}
	}

	/** Publishes once. @returns the events that were not acknowledged */
	async offer(events: readonly Publish[]): Promise<Publish[]> {
		const receipts = await publish(await this.url(), events).catch((error) => {
			if (hasNoAnswer(error)) return [];
			throw error;
		});
		return events.filter(({ name, body }, index) => {
			const receipt = receipts[index];
			if (receipt) this.ledger.accept(receipt, name, body);
			return !receipt;
		});
	}

	/** Waits until every event has ended and no row is left. Returns what is wrong at the end. */
	async balanced(ms: number): Promise<string[]> {
		const { state } = this.#setting as Setting;
		const faults = await untilNone(async () => {
			const found = await this.#deadLetters();
			return found ? this.ledger.faults(found) : ["no dead letters read"];
		}, ms);
		return faults.length > 0
			? faults
			: untilNone(async () => rowsLeft(state), ms);
	}

	async sums(): Promise<Sums> {
		return this.ledger.sums((await this.#deadLetters()) ?? []);
	}

	async #deadLetters() {
		return deadLetters(await this.url()).catch(() => undefined);
	}

	/** The output of the Worker. */
	log(): string {
		return readFileSync((this.#setting as Setting).log, "utf8");
	}

	async close(): Promise<void> {
		await this.#runtime.then(
			(runtime) => runtime.kill(),
			() => {},
		);
		this.ledger.close();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** After a kill a connection ends, or gets no answer. */
function hasNoAnswer(error: Error): boolean {
	return error instanceof TypeError || error.name === "TimeoutError";
}
