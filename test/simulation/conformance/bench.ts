/** The operations that the claims use, on the simulated or the real platform. */
import type { Command, Outcome, Sending } from "./commands.ts";
import type { Delivery, Notes, Taken } from "./notes.ts";
import type { Step } from "./probe.ts";
import type { Script } from "./script.ts";

export interface Platform {
	/** Makes the probe perform a command. */
	perform(command: Command): Promise<Outcome>;
	/** Runs the cron trigger once. Never rejects. */
	tick(): Promise<void>;
	/** Waits until a condition is true. @throws Error after a timeout */
	until(holds: () => Promise<boolean>): Promise<void>;
	close(): Promise<void>;
}

export class Bench {
	readonly #start: () => Promise<Platform>;
	#platform: Platform | undefined;
	#count = 0;

	constructor(start: () => Promise<Platform>) {
		this.#start = start;
	}

	async open(): Promise<void> {
		this.#platform = await this.#start();
	}

	async close(): Promise<void> {
		await this.#platform?.close();
	}

	/** Returns a unique name for a message or an object. */
	name(): string {
		return `probe-${++this.#count}`;
	}

	/** Makes the probe perform a command that may fail. */
	attempt(command: Command): Promise<Outcome> {
		return this.#running.perform(command);
	}

	/** Sends a message. Returns its name. */
	async send(does?: Script["does"], delaySeconds?: number): Promise<string> {
		const message = this.#message(does, delaySeconds);
		await this.#perform({ do: "send", message });
		return message.body.name;
	}

	/** Sends messages in one batch. Returns their names. */
	async sendBatch(
		scripts: readonly Script["does"][],
		delaySeconds?: number,
	): Promise<string[]> {
		const messages = scripts.map((does) => this.#message(does, delaySeconds));
		await this.#perform({ do: "sendBatch", messages });
		return messages.map(({ body }) => body.name);
	}

	/** Returns the deliveries of messages, once each has at least `least`. */
	deliveries(
		names: readonly string[],
		least: number,
		queue = "work",
	): Promise<Delivery[]> {
		return this.#noted(
			({ deliveries }) =>
				deliveries.filter(
					(one) => one.queue === queue && names.includes(one.name),
				),
			(found) =>
				names.every(
					(name) => found.filter((one) => one.name === name).length >= least,
				),
		);
	}

	/** Calls an object. Returns the results of its steps. */
	async take(object: string, ...steps: Step[]): Promise<unknown[]> {
		const [results] = await this.takeAtOnce(object, [steps]);
		return results as unknown[];
	}

	/** Calls an object several times concurrently. */
	async takeAtOnce(
		object: string,
		calls: readonly (readonly Step[])[],
	): Promise<unknown[][]> {
		const { answers } = await this.#perform<{ answers: unknown[][] }>({
			do: "call",
			object,
			calls,
		});
		return answers;
	}

	/** Sets an object's alarm and the steps of its runs. Returns the time of the alarm. */
	async arm(object: string, ms: number, ...runs: Step[][]): Promise<number> {
		const plan: Step = { do: "plan", runs };
		const [, at] = await this.take(object, plan, { do: "setAlarm", in: ms });
		return at as number;
	}

	/** Returns the steps of an object's calls and alarms, once its alarm has run this often. */
	steps(object: string, runs: number): Promise<Taken[]> {
		return this.#noted(
			({ taken }) => taken.filter((one) => one.object === object),
			(found) => found.filter(({ step }) => step === "alarm").length >= runs,
		);
	}

	/** Returns the runs of an object's alarm, once there are at least `least`. */
	async runs(object: string, least: number): Promise<Taken[]> {
		const steps = await this.steps(object, least);
		return steps.filter(({ step }) => step === "alarm");
	}

	/** Waits until an object's alarm is set. Returns its time. */
	async standing(object: string): Promise<unknown> {
		let at: unknown;
		await this.#running.until(async () => {
			[at] = await this.take(object, { do: "getAlarm" });
			return at !== null;
		});
		return at;
	}

	/** Waits a number of milliseconds, by the alarm of another object. */
	async pass(ms: number): Promise<void> {
		const clock = this.name();
		await this.arm(clock, ms);
		await this.runs(clock, 1);
	}

	/** Runs the cron trigger once. Returns how often `scheduled` has run. */
	async tick(does: "return" | "throw"): Promise<number> {
		await this.#perform({ do: "cron", does });
		await this.#running.tick();
		return this.crons();
	}

	/** Returns how often `scheduled` has run. */
	async crons(): Promise<number> {
		return (await this.#perform<Notes>({ do: "notes" })).crons;
	}

	/** Waits until all messages without a delay are delivered. */
	async settle(): Promise<void> {
		await this.deliveries([await this.send()], 1);
		await this.pass(50);
	}

	get #running(): Platform {
		if (!this.#platform) throw new Error("the platform does not run");
		return this.#platform;
	}

	#message(does: Script["does"], delaySeconds: number | undefined): Sending {
		return {
			body: { name: this.name(), ...(does && { does }) },
			...(delaySeconds !== undefined && { delaySeconds }),
		};
	}

	async #noted<Found>(
		find: (notes: Notes) => Found,
		isEnough: (found: Found) => boolean,
	): Promise<Found> {
		const look = async () => find(await this.#perform<Notes>({ do: "notes" }));
		await this.#running.until(async () => isEnough(await look()));
		return look();
	}

	async #perform<Value>(command: Command): Promise<Value> {
		const outcome = await this.attempt(command);
		if ("error" in outcome) throw new Error(outcome.error.message);
		return outcome.value as Value;
	}
}
