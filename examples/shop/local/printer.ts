/** Prints lines with a short delay, so that the logs of several Workers appear in order of time. */
import { styleText } from "node:util";
import type { Transition } from "tidings";
import type { Lines } from "../../../cli/timeline/lines.ts";
import { transitionIn } from "../../../src/event/transition.ts";

/** An entry of a Worker's log. */
export interface Log {
	timestamp: number;
	level: string;
	message: string;
}

/** How long a line is delayed, in milliseconds: an earlier line may still arrive. */
const DELAY = 200;

export class Printer {
	readonly #lines: Lines;
	#waiting: { at: number; line: string }[] = [];

	constructor(lines: Lines) {
		this.#lines = lines;
	}

	/** Adds a headline. */
	scene(text: string): void {
		const at = Date.now();
		const line = this.#lines.remark(at, styleText("bold", text));
		this.#waiting.push({ at, line: `\n${line}` });
	}

	remark(text: string, at = Date.now()): void {
		this.#waiting.push({ at, line: this.#lines.remark(at, text) });
	}

	/** Adds a log entry. Returns its transition, if it has one. */
	read({ timestamp, level, message }: Log): Transition | undefined {
		const transition = transitionIn(message);
		if (transition) {
			const line = this.#lines.transition(transition);
			this.#waiting.push({ at: transition.at, line });
		} else if (level === "error" || level === "warn") {
			const colour = level === "error" ? "red" : "yellow";
			this.remark(styleText(colour, message), timestamp);
		} else {
			const line = this.#lines.aside(timestamp, message);
			this.#waiting.push({ at: timestamp, line });
		}
		return transition;
	}

	/** Prints the lines whose delay has passed. */
	print(until = Date.now() - DELAY): void {
		this.#waiting.sort((one, other) => one.at - other.at);
		const ripe = this.#waiting.filter(({ at }) => at <= until);
		this.#waiting = this.#waiting.slice(ripe.length);
		for (const { line } of ripe) console.log(line);
	}
}
