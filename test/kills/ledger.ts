/**
 * Records every acknowledged event, outside of the system: this process is never killed. Handlers report each of their
 * runs over HTTP.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** One run of a handler. */
interface Run {
	id: string;
	handler: string;
	attempt: number;
	/** Characters of the body's JSON. */
	bytes: number;
	succeeds: boolean;
}

/** An event with its receipt. */
interface Accepted {
	name: string;
	/** Epoch milliseconds. */
	dueAt: number;
	bytes: number;
}

export interface DeadLetter {
	id: string;
	handler: string;
	cause: string;
	event: { id: string };
}

export interface Sums {
	acknowledged: number;
	deliveries: number;
	delivered: number;
	/** Successful runs after the first success. */
	duplicates: number;
	dead: number;
}

export class Ledger {
	/** Called when the Worker has reached its armed point. */
	onKill: () => void = () => {};
	readonly #accepted = new Map<string, Accepted>();
	readonly #runs: (Run & { at: number })[] = [];
	readonly #server: Server = createServer(async (request, response) => {
		// A request to be killed gets no answer.
		if (request.url === "/kill") return this.onKill();
		this.#runs.push({ ...((await json(request)) as Run), at: Date.now() });
		response.end();
	});

	/** Returns the URL for reports. */
	async open(): Promise<string> {
		this.#server.listen(0, "127.0.0.1");
		await once(this.#server, "listening");
		const { port } = this.#server.address() as AddressInfo;
		return `http://127.0.0.1:${port}`;
	}

	close(): void {
		this.#server.close();
		this.#server.closeAllConnections();
	}

	/** Records an acknowledged event, which must not be lost. */
	accept(
		{ id, time, delay }: { id: string; time: number; delay: number },
		name: string,
		body: unknown,
	): void {
		const bytes = JSON.stringify(body).length;
		this.#accepted.set(id, { name, dueAt: time + delay, bytes });
	}

	/** Returns what is wrong, and what has not ended yet. */
	faults(deadLetters: readonly DeadLetter[]): string[] {
		return [
			...this.#missing(deadLetters),
			...this.#wronglyRun(),
			...this.#wronglyBuried(deadLetters),
		];
	}

	sums(deadLetters: readonly DeadLetter[]): Sums {
		const succeeded = this.#runs.filter(
			({ id, succeeds }) => succeeds && this.#accepted.has(id),
		);
		const delivered = new Set(succeeded.map(({ id, handler }) => id + handler));
		const names = [...this.#accepted.values()].map(({ name }) => name);
		return {
			acknowledged: names.length,
			deliveries: names.flatMap(handlersOf).length,
			delivered: delivered.size,
			duplicates: succeeded.length - delivered.size,
			dead: deadLetters.filter(({ event }) => this.#accepted.has(event.id))
				.length,
		};
	}

	#missing(deadLetters: readonly DeadLetter[]): string[] {
		const ended = new Set([
			...this.#runs
				.filter(({ succeeds }) => succeeds)
				.map(({ id, handler }) => `${id}:${handler}`),
			...deadLetters.map(({ id }) => id),
		]);
		return [...this.#accepted].flatMap(([id, { name }]) =>
			handlersOf(name)
				.filter((handler) => !ended.has(`${id}:${handler}`))
				.map(
					(handler) =>
						`missing: ${name} ${id} → ${handler}: neither delivered nor dead`,
				),
		);
	}

	#wronglyRun(): string[] {
		return this.#runs.flatMap(({ id, handler, at, bytes }) => {
			const event = this.#accepted.get(id);
			if (!event) return [];
			const run = `${event.name} ${id} → ${handler}`;
			return [
				...(at < event.dueAt
					? [`early: ${run}: ${event.dueAt - at} ms before it was due`]
					: []),
				...(bytes !== event.bytes
					? [`changed: ${run}: ${bytes} bytes of ${event.bytes}`]
					: []),
			];
		});
	}

	#wronglyBuried(deadLetters: readonly DeadLetter[]): string[] {
		const keys = deadLetters.map(
			({ event, handler }) => `${event.id}:${handler}`,
		);
		return deadLetters.flatMap(({ id, handler, cause }, index) => [
			...(keys.indexOf(keys[index] as string) < index
				? [`a second dead letter: ${id}`]
				: []),
			...(handler === "doomed" ? [] : [`needlessly dead: ${id}: ${cause}`]),
		]);
	}
}

/** Every event has the handler `flaky`; those whose name ends with `.doomed` also `doomed`. */
function handlersOf(name: string): string[] {
	return name.endsWith(".doomed") ? ["flaky", "doomed"] : ["flaky"];
}
