/** Formats transitions as aligned lines. Colours are used on a terminal only; each event's id has its own. */
import { styleText } from "node:util";
import type { Transition } from "../../src/event/transition.ts";
import { narrate } from "./narrate.ts";

const PALETTE = [
	"cyan",
	"magenta",
	"yellow",
	"blue",
	"green",
	"redBright",
	"whiteBright",
	"gray",
] as const;

const ID = 6;
/** Minimal widths of columns. A longer name moves the rest of its line. */
interface Widths {
	event: number;
	handler: number;
}

const OF_THE_SHOP: Widths = { event: 22, handler: 14 };

export class Lines {
	readonly #time: (at: number) => string;
	readonly #widths: Widths;

	/** @param time formats an instant, in epoch milliseconds */
	constructor(time: (at: number) => string, widths = OF_THE_SHOP) {
		this.#time = time;
		this.#widths = widths;
	}

	transition(transition: Transition): string {
		const { at, id, event } = transition;
		const handler = "handler" in transition ? (transition.handler ?? "") : "";
		const { text, colour } = narrate(transition);
		return [
			this.#shown(at),
			this.id(id),
			event.padEnd(this.#widths.event),
			handler.padEnd(this.#widths.handler),
			styleText(colour, text),
		].join("  ");
	}

	/** Formats a line that is not about an event. */
	remark(at: number, text: string): string {
		return `${this.#shown(at)}  ${text}`;
	}

	/** Formats a line that a handler printed, indented below its event. */
	aside(at: number, text: string): string {
		const { event, handler } = this.#widths;
		const indent = "".padEnd(ID + event + handler + 6);
		return this.remark(at, styleText("gray", indent + text));
	}

	/** Returns the random part of an id: an id begins with the time and ends with the shard. */
	id(id: string): string {
		const part = id.slice(-2 - ID, -2);
		const colour = PALETTE[Number.parseInt(part, 16) % PALETTE.length];
		return styleText(colour ?? "gray", part);
	}

	#shown(at: number): string {
		return styleText("dim", this.#time(at));
	}
}
