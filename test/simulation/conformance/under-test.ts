/** What the claims ask of a platform, be it the simulated or the real one. */
import type { Command, Outcome, Sending } from "./commands.ts";
import type { Delivery, Notes, Taken } from "./notes.ts";
import type { Step } from "./probe.ts";
import type { Script } from "./script.ts";

export interface Platform {
	/** Has the probe do something. */
	perform(command: Command): Promise<Outcome>;
	/** Goes on until something holds. @throws Error when it has not after a while */
	until(holds: () => Promise<boolean>): Promise<void>;
	close(): Promise<void>;
}

export class UnderTest {
	readonly #platform: Platform;
	#count = 0;

	constructor(platform: Platform) {
		this.#platform = platform;
	}

	/** A name that no other message and no other object has. */
	name(): string {
		return `probe-${++this.#count}`;
	}

	perform(command: Command): Promise<Outcome> {
		return this.#platform.perform(command);
	}

	/** Sends a message, and answers its name. */
	async send(does?: Script["does"], delaySeconds?: number): Promise<string> {
		const [name] = await this.sendAll([does], delaySeconds);
		return name as string;
	}

	/** Sends messages in one batch, and answers their names. */
	async sendAll(
		scripts: readonly Script["does"][],
		delaySeconds?: number,
	): Promise<string[]> {
		const messages = scripts.map(
			(does): Sending => ({
				body: { name: this.name(), ...(does && { does }) },
				...(delaySeconds !== undefined && { delaySeconds }),
			}),
		);
		const [only] = messages;
		await this.#done(
			messages.length === 1 && only
				? { do: "send", message: only }
				: { do: "sendBatch", messages },
		);
		return messages.map(({ body }) => body.name);
	}

	/** Calls an object, and answers what its steps came to. */
	async take(object: string, ...steps: Step[]): Promise<unknown[]> {
		const [results] = (await this.#done({
			do: "call",
			object,
			calls: [steps],
		})) as [unknown[]];
		return results;
	}

	/** The deliveries of messages, once there are so many of each. */
	async deliveries(
		names: readonly string[],
		most: number,
		queue = "work",
	): Promise<Delivery[]> {
		return this.noted(
			({ deliveries }) =>
				deliveries.filter(
					(one) => one.queue === queue && names.includes(one.name),
				),
			(found) =>
				names.every(
					(name) => found.filter((one) => one.name === name).length >= most,
				),
		);
	}

	/** The steps that an object has taken in its alarm, once it has run so often. */
	async runs(object: string, most: number): Promise<Taken[]> {
		return this.noted(
			({ taken }) =>
				taken.filter((one) => one.object === object && one.run > 0),
			(found) => found.filter(({ step }) => step === "alarm").length >= most,
		);
	}

	/** Goes on until what comes without a delay has come, and what was lost would have. */
	async rest(): Promise<void> {
		const last = await this.send();
		await this.deliveries([last], 1);
	}

	async noted<Found>(
		find: (notes: Notes) => Found,
		isEnough: (found: Found) => boolean,
	): Promise<Found> {
		let found: Found;
		await this.#platform.until(async () => {
			found = find((await this.#done({ do: "notes" })) as Notes);
			return isEnough(found);
		});
		return found!;
	}

	close(): Promise<void> {
		return this.#platform.close();
	}

	async #done(command: Command): Promise<unknown> {
		const outcome = await this.perform(command);
		if ("error" in outcome) throw new Error(outcome.error.message);
		return outcome.value;
	}
}
