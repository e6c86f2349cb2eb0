/**
 * Keeps account of every event that was accepted, once for each handler that it is for. It knows receipts,
 * the handlers' patterns and what the trace tells, and shares no code with what it checks.
 */
import type { Transition } from "tidings";

export interface HandlerEntry {
	id: string;
	patterns: string[];
}

/** One event's way to one handler, or to none. */
export interface Account {
	id: string;
	event: string;
	handler: string | undefined;
	/** What it last came to. */
	state: Transition["type"] | "accepted";
	replayed: boolean;
	discarded: boolean;
}

/** What the owner's objects say that they hold, to compare with. */
export interface Kept {
	/** `event id:handler` of each dead letter. */
	letters: string[];
	/** Ids of events. */
	scheduled: string[];
}

/** How it may end with a handler, and how without one. */
const ENDS = ["delivered", "dead", "cancelled"];
const UNHANDLED_ENDS = ["ignored", "cancelled"];

export class Ledger {
	readonly #accepted = new Map<string, string>();
	readonly #transitions: Transition[] = [];
	#handlers: HandlerEntry[] = [];
	#kept: Kept | undefined;

	expect(handlers: HandlerEntry[]): void {
		this.#handlers = handlers;
	}

	/** The event has a receipt: from now on it must not be lost. */
	accept(id: string, event: string): void {
		this.#accepted.set(id, event);
	}

	note(transition: Transition): void {
		this.#transitions.push(transition);
	}

	/** Takes what the objects say; from now on it must agree. */
	compare(kept: Kept): void {
		this.#kept = kept;
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

	/** What has not ended, or is not where it ought to be. */
	missing(): string[] {
		const accounts = this.accounts();
		const open = accounts
			.filter(
				({ handler, state }) =>
					!(handler === undefined ? UNHANDLED_ENDS : ENDS).includes(state),
			)
			.map((account) => `${show(account)}: ${account.state} and no further`);
		const strangers = this.#transitions
			.filter(({ id }) => !this.#accepted.has(id))
			.map(({ id, type }) => `${id}: ${type}, but nobody has a receipt for it`);
		return [...open, ...strangers, ...this.#disagreements(accounts)];
	}

	#disagreements(accounts: Account[]): string[] {
		if (!this.#kept) return [];
		const { letters, scheduled } = this.#kept;
		const buried = accounts
			.filter(({ state, discarded }) => state === "dead" && !discarded)
			.map(({ id, handler }) => `${id}:${handler}`);
		return [
			...buried
				.filter((letter) => !letters.includes(letter))
				.map((letter) => `${letter}: dead, but there is no dead letter`),
			...letters
				.filter((letter) => !buried.includes(letter))
				.map((letter) => `${letter}: a dead letter of what is not dead`),
			...scheduled.map((id) => `${id}: still scheduled`),
		];
	}

	#account(id: string, event: string, handler: string | undefined): Account {
		const told = this.#transitions.filter((transition) => transition.id === id);
		const ofEvent = told.flatMap((transition) =>
			"handler" in transition ? [] : transition.type,
		);
		const ofDelivery = told.flatMap((transition) =>
			"handler" in transition && transition.handler === handler
				? transition.type
				: [],
		);
		return {
			id,
			event,
			handler,
			// The queue may be quicker with an event than its publisher with saying so.
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

/** `*` is one segment, `**` any number of them. */
function matches(pattern: string, name: string): boolean {
	const source = pattern
		.split(".")
		.map((part) =>
			part === "**" ? "(\\.[^.]+)*" : `\\.${part === "*" ? "[^.]+" : part}`,
		)
		.join("");
	return new RegExp(`^${source}$`).test(`.${name}`);
}
