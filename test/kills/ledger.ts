/**
 * The account of every event that was acknowledged, kept outside of the system: by this process, which is
 * never killed. Handlers report each of their runs to it over HTTP.
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

export interface Letter {
	id: string;
	handler: string;
	cause: string;
	event: { id: string };
}

export interface Sums {
	acknowledged: number;
	deliveries: number;
	delivered: number;
	/** Runs that succeeded after another had. */
	duplicates: number;
	dead: number;
}

export class Ledger {
	/** Is called when the Worker has come to where it is to be killed. */
	onKill: () => void = () => {};
	readonly #accepted = new Map<string, Accepted>();
	readonly #runs: (Run & { at: number })[] = [];
	readonly #server: Server = createServer(async (request, response) => {
		// Whoever asks to be killed gets no answer.
		if (request.url === "/kill") return this.onKill();
		this.#runs.push({ ...((await json(request)) as Run), at: Date.now() });
		response.end();
	});

	/** Answers with the URL for reports. */
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

	/** From now on the event must not be lost. */
	accept(
		{ id, time, delay }: { id: string; time: number; delay: number },
		name: string,
		body: unknown,
	): void {
		const bytes = JSON.stringify(body).length;
		this.#accepted.set(id, { name, dueAt: time + delay, bytes });
	}

	/** What is wrong, or has not ended yet. */
	faults(letters: readonly Letter[]): string[] {
		return [
			...this.#missing(letters),
			...this.#wronglyRun(),
			...this.#wronglyBuried(letters),
		];
	}

	sums(letters: readonly Letter[]): Sums {
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
			dead: letters.filter(({ event }) => this.#accepted.has(event.id)).length,
		};
	}

	#missing(letters: readonly Letter[]): string[] {
		const ended = new Set([
			...this.#runs
				.filter(({ succeeds }) => succeeds)
				.map(({ id, handler }) => `${id}:${handler}`),
			...letters.map(({ id }) => id),
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
					? [`mutilated: ${run}: ${bytes} bytes of ${event.bytes}`]
					: []),
			];
		});
	}

	#wronglyBuried(letters: readonly Letter[]): string[] {
		const keys = letters.map(({ event, handler }) => `${event.id}:${handler}`);
		return letters.flatMap(({ id, handler, cause }, index) => [
			...(keys.indexOf(keys[index] as string) < index
				? [`a second letter: ${id}`]
				: []),
			...(handler === "doomed" ? [] : [`needlessly dead: ${id}: ${cause}`]),
		]);
	}
}

/** Shares no code with what it checks: every event has the one, and those named so the other as well. */
function handlersOf(name: string): string[] {
	return name.endsWith(".doomed") ? ["flaky", "doomed"] : ["flaky"];
}
