/** Simulated time: runs tasks in the order of their times, one at a time, each until its promises have settled. */
import TinyQueue from "tinyqueue";

interface Task {
	at: number;
	order: number;
	act: (() => void) | undefined;
}

/** Read at import, before anything can replace it. */
const { setImmediate } = globalThis;

export class Time {
	/** Epoch milliseconds, with fractions. */
	now: number;
	/** Tasks that were run. */
	steps = 0;
	#order = 0;
	/** Called before time passes. Resolves to true if it has waited for something real, so that tasks may be new. */
	standStill: (() => Promise<boolean>) | undefined;
	readonly #tasks = new TinyQueue<Task>(
		[],
		(a, b) => a.at - b.at || a.order - b.order,
	);

	constructor(now: number) {
		this.now = now;
	}

	/** Runs `act` after a delay. Returns a function that cancels it. */
	after(ms: number, act: () => void): () => void {
		return this.at(this.now + ms, act);
	}

	/** Runs `act` at a time, or next if that time is past. Returns a function that cancels it. */
	at(at: number, act: () => void): () => void {
		const task: Task = { at, order: this.#order++, act };
		this.#tasks.push(task);
		return () => {
			task.act = undefined;
		};
	}

	/** Runs tasks until a time, or until `isOver`. Returns false if no task is left before that time. */
	async run(until: number, isOver: () => boolean): Promise<boolean> {
		while (!isOver()) {
			const task = this.#next();
			const passes = (task?.at ?? until) > this.now;
			if (passes && (await this.standStill?.())) continue;
			if (task === undefined || task.at > until) {
				this.now = Math.max(this.now, until);
				return false;
			}
			this.#tasks.pop();
			this.now = Math.max(this.now, task.at);
			this.steps++;
			task.act?.();
			await rest();
		}
		return true;
	}

	/** When the next task is due; undefined if none is left. */
	get nextAt(): number | undefined {
		return this.#next()?.at;
	}

	#next(): Task | undefined {
		let task = this.#tasks.peek();
		while (task && task.act === undefined) {
			this.#tasks.pop();
			task = this.#tasks.peek();
		}
		return task;
	}
}

/** Resolves when the promises of a task have settled: Node runs their callbacks before the next immediate. */
function rest(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
