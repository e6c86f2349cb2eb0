/** Lays out what is told in aligned lines, with colour on a terminal alone; each event's id keeps its colour. */
import { styleText } from "node:util";
import type { Transition } from "tidings";
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
/** How wide names are shown; longer ones push their line. */
interface Widths {
	event: number;
	handler: number;
}

const OF_THE_SHOP: Widths = { event: 22, handler: 14 };

export class Lines {
	readonly #time: (at: number) => string;
	readonly #widths: Widths;

	/** @param time how an instant in epoch milliseconds is shown */
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

	/** What is said beside the events. */
	remark(at: number, text: string): string {
		return `${this.#shown(at)}  ${text}`;
	}

	/** What a handler says, below what happens to its event. */
	aside(at: number, text: string): string {
		const { event, handler } = this.#widths;
		const indent = "".padEnd(ID + event + handler + 6);
		return this.remark(at, styleText("gray", indent + text));
	}

	/** The part of an id that tells events apart: it begins with the time and ends with the shard. */
	id(id: string): string {
		const part = id.slice(-2 - ID, -2);
		const colour = PALETTE[Number.parseInt(part, 16) % PALETTE.length];
		return styleText(colour ?? "gray", part);
	}

	#shown(at: number): string {
		return styleText("dim", this.#time(at));
	}
}
