/**
 * Collects the entries of one batch, or of the calls of one request, from their transitions. It sends nothing, and no
 * transition waits for it.
 */
import type { ReceivedEvent } from "../event/envelope.ts";
import { timeOf } from "../event/id.ts";
import type { Transition } from "../event/transition.ts";
import { type Entry, hasFailed, type Step } from "./entry.ts";

/** What the journal records. */
export interface JournalOptions {
	/** Every event, or only those with a failure. The counts are of all events in both cases. */
	record: "all" | "failures";
	/** Whose bodies are recorded. */
	bodies: "failed" | "all" | "none";
	/** Bytes of a body's JSON. A longer body is cut. */
	maxBytes: number;
}

interface Collected {
	event?: ReceivedEvent;
	queuedMs?: number;
	name: string;
	at: number;
	steps: Step[];
	/** Of an event that was scheduled: no message has brought its envelope yet. */
	labels?: Pick<Entry, "by" | "tags">;
}

/** Collects what happens to events until their entries are sent. */
export class Recorder {
	readonly #options: JournalOptions;
	readonly #collected = new Map<string, Collected>();

	constructor(options: JournalOptions) {
		this.#options = options;
	}

	/**
	 * A message of an event has arrived.
	 *
	 * @param sentAt when it was sent, in epoch milliseconds
	 * @param now epoch milliseconds
	 */
	receive(event: ReceivedEvent, sentAt: number, now: number): void {
		const { id, name } = event.envelope;
		const queuedMs = Math.max(0, now - sentAt);
		this.#collected.set(id, { event, queuedMs, name, at: now, steps: [] });
	}

	observe({ id, event: name, ...reported }: Transition): void {
		const { step, labels } = apart(reported);
		const known = this.#collected.get(id);
		if (known) known.steps.push(step);
		else
			this.#collected.set(id, {
				name,
				at: step.at,
				steps: [step],
				...(labels && { labels }),
			});
	}

	/** Returns the entries collected so far, without those that nothing was reported about. */
	entries(): Entry[] {
		return [...this.#collected]
			.filter(([, { steps }]) => steps.length > 0)
			.map(([id, collected]) => this.#entryOf(id, collected));
	}

	#entryOf(id: string, collected: Collected): Entry {
		const { event, queuedMs, name, at, steps, labels } = collected;
		if (!event) return { id, name, time: timeOf(id) ?? at, ...labels, steps };
		const { time, delay, by, tags, trace, cloudEvent, reference } =
			event.envelope;
		const entry: Entry = {
			id,
			name,
			time,
			...(delay > 0 && { delay }),
			...(by !== undefined && { by }),
			...(tags && { tags }),
			...(trace !== undefined && { trace }),
			...(cloudEvent && { cloudEvent }),
			...(queuedMs !== undefined && { queuedMs }),
			...(reference !== undefined && { reference }),
			steps,
		};
		return { ...entry, ...this.#bodyOf(event, entry) };
	}

	#bodyOf(
		{ text, envelope: { reference } }: ReceivedEvent,
		entry: Entry,
	): Pick<Entry, "body" | "bodyBytes"> {
		const { bodies, maxBytes } = this.#options;
		if (bodies === "none" || (bodies === "failed" && !hasFailed(entry)))
			return {};
		// A body that is stored apart is too long anyway, and reading it would take a call.
		if (reference !== undefined) return {};
		const body = JSON.stringify((JSON.parse(text) as { body: unknown }).body);
		const bytes = new TextEncoder().encode(body);
		if (bytes.length <= maxBytes) return { body };
		// While it streams, a decoder leaves out a character that was cut.
		const start = new TextDecoder().decode(bytes.subarray(0, maxBytes), {
			stream: true,
		});
		return { body: start, bodyBytes: bytes.length };
	}
}

/** An entry has the tags of its event in one place, where they can be erased. */
function apart(step: Step): Pick<Collected, "labels"> & { step: Step } {
	if (step.type !== "scheduled") return { step };
	const { tags, ...rest } = step;
	const { by } = step;
	const labels = { ...(by !== undefined && { by }), ...(tags && { tags }) };
	return { step: rest, labels };
}
