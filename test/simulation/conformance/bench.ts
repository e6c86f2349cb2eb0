/** What the claims need of a platform, simulated or real. */
import type { Command, Outcome, Sending } from "./commands.ts";
import type { Delivery, Notes, Taken } from "./notes.ts";
import type { Step } from "./probe.ts";
import type { Script } from "./script.ts";

export interface Platform {
	/** Has the probe do something. */
	perform(command: Command): Promise<Outcome>;
	/** Goes on until something holds. @throws Error when it does not, after a while */
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

	/** A name that no other message and no other object has. */
	name(): string {
		return `probe-${++this.#count}`;
	}

	/** Has the probe do something that may fail. */
	attempt(command: Command): Promise<Outcome> {
		return this.#running.perform(command);
	}

	/** Sends a message, and answers its name. */
	async send(does?: Script["does"], delaySeconds?: number): Promise<string> {
		const message = this.#message(does, delaySeconds);
		await this.#perform({ do: "send", message });
		return message.body.name;
	}

	/** Sends messages in one batch, and answers their names. */
	async sendBatch(
		scripts: readonly Script["does"][],
		delaySeconds?: number,
	): Promise<string[]> {
		const messages = scripts.map((does) => this.#message(does, delaySeconds));
		await this.#perform({ do: "sendBatch", messages });
		return messages.map(({ body }) => body.name);
	}

	/** The deliveries of messages, once there are so many of each. */
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

	/** Calls an object, and answers what its steps came to. */
	async take(object: string, ...steps: Step[]): Promise<unknown[]> {
		const [results] = await this.takeAtOnce(object, [steps]);
		return results as unknown[];
	}

	/** Calls an object several times at once. */
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

	/** Sets an object's alarm, says what each of its runs is to do, and answers its time. */
	async arm(object: string, ms: number, ...runs: Step[][]): Promise<number> {
		const plan: Step = { do: "plan", runs };
		const [, at] = await this.take(object, plan, { do: "setAlarm", in: ms });
		return at as number;
	}

	/** The steps of an object's calls and alarms, once its alarm has run so often. */
	steps(object: string, runs: number): Promise<Taken[]> {
		return this.#noted(
			({ taken }) => taken.filter((one) => one.object === object),
			(found) => found.filter(({ step }) => step === "alarm").length >= runs,
		);
	}

	/** The runs of an object's alarm, once there are so many. */
	async runs(object: string, least: number): Promise<Taken[]> {
		const steps = await this.steps(object, least);
		return steps.filter(({ step }) => step === "alarm");
	}

	/** Goes on until an object's alarm stands; tells the time that it is set to. */
	async standing(object: string): Promise<unknown> {
		let at: unknown;
		await this.#running.until(async () => {
			[at] = await this.take(object, { do: "getAlarm" });
			return at !== null;
		});
		return at;
	}

	/** Goes on until so many milliseconds have passed, as the alarm of another object tells. */
	async pass(ms: number): Promise<void> {
		const clock = this.name();
		await this.arm(clock, ms);
		await this.runs(clock, 1);
	}

	/** Goes on until whatever comes without a delay has come. */
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
