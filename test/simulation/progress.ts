/** A progress bar on a terminal; otherwise one line for each tenth of the seeds. */

const WIDTH = 24;

export class Progress {
	events = 0;
	#steps = 0;
	#seeds = 0;
	readonly #count: number;
	readonly #startedAt = performance.now();
	readonly #isWatched = process.stderr.isTTY === true;

	constructor(count: number) {
		this.#count = count;
	}

	add({ events, steps }: { events: number; steps: number }): void {
		this.events += events;
		this.#steps += steps;
		this.#seeds++;
		const every = this.#isWatched ? 10 : Math.ceil(this.#count / 10);
		if (this.#seeds % every === 0 && this.#seeds < this.#count)
			process.stderr.write(this.#isWatched ? `\r${this}\x1b[K` : `${this}\n`);
	}

	end(): void {
		process.stderr.write(this.#isWatched ? `\r${this}\x1b[K\n` : `${this}\n`);
	}

	toString(): string {
		const full = Math.round((this.#seeds / this.#count) * WIDTH);
		const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
		const seconds = (performance.now() - this.#startedAt) / 1_000;
		const rate = (of: number) => Math.round(of / seconds);
		return `${bar} ${this.#seeds}/${this.#count} seeds, ${rate(this.events)} events/s, ${rate(this.#steps)} steps/s`;
	}
}
