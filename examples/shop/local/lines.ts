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
/** Widths of the shop's own names; longer ones push their line. */
const EVENT = 22;
const HANDLER = 14;

export class Lines {
	readonly #time: (at: number) => string;

	/** @param time how an instant in epoch milliseconds is shown */
	constructor(time: (at: number) => string) {
		this.#time = time;
	}

	transition(transition: Transition): string {
		const { at, id, event } = transition;
		const handler = "handler" in transition ? (transition.handler ?? "") : "";
		const { text, colour } = narrate(transition);
		return [
			this.#shown(at),
			this.id(id),
			event.padEnd(EVENT),
			handler.padEnd(HANDLER),
			styleText(colour, text),
		].join("  ");
	}

	/** What is said beside the events. */
	remark(at: number, text: string): string {
		return `${this.#shown(at)}  ${text}`;
	}

	/** What a handler says, below what happens to its event. */
	aside(at: number, text: string): string {
		const indent = "".padEnd(ID + EVENT + HANDLER + 6);
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
