/**
 * Accounts for every accepted event, once for each of its handlers. It uses receipts, the handlers' patterns and the
 * trace, and shares no code with the product that it checks.
 */
import type { Transition } from "tidings";

export interface HandlerEntry {
	id: string;
	patterns: string[];
}

/** One event for one handler, or without a handler. */
export interface Account {
	id: string;
	event: string;
	handler: string | undefined;
	/** The last transition. */
	state: Transition["type"] | "accepted";
	replayed: boolean;
	discarded: boolean;
}

/** What the owner's objects store, for comparison. */
export interface Stored {
	/** `event id:handler` of each dead letter. */
	letters: string[];
	/** Ids of events. */
	scheduled: string[];
}

/** The final states with a handler, and without one. */
const ENDS = ["delivered", "dead", "cancelled"];
const UNHANDLED_ENDS = ["ignored", "cancelled"];

export class Ledger {
	readonly #accepted = new Map<string, string>();
	readonly #transitions: Transition[] = [];
	#handlers: HandlerEntry[] = [];
	#stored: Stored | undefined;

	expect(handlers: HandlerEntry[]): void {
		this.#handlers = handlers;
	}

	/** Records a receipt: from now on, the event must not be lost. */
	accept(id: string, event: string): void {
		this.#accepted.set(id, event);
	}

	note(transition: Transition): void {
		this.#transitions.push(transition);
	}

	/** Records what the objects store: from now on, it must agree with the trace. */
	compare(stored: Stored): void {
		this.#stored = stored;
	}

	accounts(): Account[] {
		return [...this.#accepted].flatMap(([id, event]) => {
			const handlers = this.#handlers.filter(({ patterns }) =>
				patterns.some((pattern) => matches(pattern, event)),
			);
			return handlers.length > 0
				? handlers.map((handler) => this.#account(id, event, handler.id))
				: [this.#account(id, event, undefined)];
		});
	}

	/** Lists events that have not ended, and disagreements with the stored state. */
	missing(): string[] {
		const accounts = this.accounts();
		const open = accounts
			.filter(
				({ handler, state }) =>
					!(handler === undefined ? UNHANDLED_ENDS : ENDS).includes(state),
			)
			.map((account) => `${show(account)}: still ${account.state}`);
		const strangers = this.#transitions
			.filter(({ id }) => !this.#accepted.has(id))
			.map(({ id, type }) => `${id}: ${type}, but there is no receipt for it`);
		return [...open, ...strangers, ...this.#disagreements(accounts)];
	}

	#disagreements(accounts: Account[]): string[] {
		if (!this.#stored) return [];
		const { letters, scheduled } = this.#stored;
		const buried = accounts
			.filter(({ state, discarded }) => state === "dead" && !discarded)
			.map(({ id, handler }) => `${id}:${handler}`);
		return [
			...buried
				.filter((letter) => !letters.includes(letter))
				.map((letter) => `${letter}: dead, but there is no dead letter`),
			...letters
				.filter((letter) => !buried.includes(letter))
				.map(
					(letter) => `${letter}: a dead letter, but the delivery is not dead`,
				),
			...scheduled.map((id) => `${id}: still scheduled`),
		];
	}

	#account(id: string, event: string, handler: string | undefined): Account {
		const own = this.#transitions.filter((transition) => transition.id === id);
		const ofEvent = own.flatMap((transition) =>
			"handler" in transition ? [] : transition.type,
		);
		const ofDelivery = own.flatMap((transition) =>
			"handler" in transition && transition.handler === handler
				? transition.type
				: [],
		);
		return {
			id,
			event,
			handler,
			// The queue can deliver an event before its publisher reports it.
			state:
				ofDelivery.findLast((type) => type !== "discarded") ??
				ofEvent.find((type) => UNHANDLED_ENDS.includes(type)) ??
				ofEvent.at(-1) ??
				"accepted",
			replayed: ofDelivery.includes("replayed"),
			discarded: ofDelivery.at(-1) === "discarded",
		};
	}
}

function show({ id, event, handler }: Account): string {
	return `${event} ${id} → ${handler ?? "no handler"}`;
}

/** `*` matches one segment, `**` zero or more. */
function matches(pattern: string, name: string): boolean {
	const source = pattern
		.split(".")
		.map((part) =>
			part === "**" ? "(\\.[^.]+)*" : `\\.${part === "*" ? "[^.]+" : part}`,
		)
		.join("");
	return new RegExp(`^${source}$`).test(`.${name}`);
}
