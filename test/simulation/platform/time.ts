/** Simulated time: runs tasks in the order of their times, one at a time, each until its promises have settled. */
import TinyQueue from "tinyqueue";

interface Task {
	at: number;
	order: number;
	act: (() => void) | undefined;
}

/** Taken before anything can replace it. */
const { setImmediate } = globalThis;

export class Time {
	/** Epoch milliseconds, with fractions. */
	now: number;
	/** Tasks that were run. */
	steps = 0;
	#order = 0;
	readonly #tasks = new TinyQueue<Task>(
		[],
		(a, b) => a.at - b.at || a.order - b.order,
	);

	constructor(now: number) {
		this.now = now;
	}

	/** Does something later; the answer takes that back. */
	after(ms: number, act: () => void): () => void {
		return this.at(this.now + ms, act);
	}

	/** What lies in the past is done next. */
	at(at: number, act: () => void): () => void {
		const task: Task = { at, order: this.#order++, act };
		this.#tasks.push(task);
		return () => {
			task.act = undefined;
		};
	}

	/** Runs until a time, or until it is over. False when there was nothing left to run before. */
	async run(until: number, isOver: () => boolean): Promise<boolean> {
		while (!isOver()) {
			const task = this.#tasks.peek();
			if (task === undefined || task.at > until) {
				this.now = Math.max(this.now, until);
				return false;
			}
			this.#tasks.pop();
			if (task.act === undefined) continue;
			this.now = Math.max(this.now, task.at);
			this.steps++;
			task.act();
			await rest();
		}
		return true;
	}
}

/** Node runs all that promises have set off before the next immediate. */
function rest(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
