/**
 * The only interface through which the core knows an extension, such as apps. An extension owns reserved event names,
 * such as those that begin with `@`, and delivers their events itself: `queue.ts` calls `deliver`. The core imports no
 * extension.
 */
import type { EventHead } from "../event/envelope.ts";
import type { Batch } from "./batch.ts";
import type { ConsumePorts, IncomingEvent, Verdict } from "./settle.ts";

export interface Extension {
	/** Whether the extension delivers events of this name. */
	owns(name: string): boolean;
	/** Whether a message of this event is acknowledged unread, whatever it carries. Its event is not needed any more. */
	drops(event: EventHead): boolean;
	/**
	 * Delivers the message of an owned event.
	 *
	 * @throws any error that prevents a verdict; the message is then redelivered
	 */
	deliver(
		event: IncomingEvent,
		batch: Batch,
		ports: ConsumePorts,
	): Promise<Verdict>;
	/** The handler ids of the dead letters of an owned event that the platform gave up on. */
	deadLetterIds(name: string): string[];
	/** Rejects an edited body that an owned event cannot have. @throws RefusedError, UnavailableError */
	checkReplay(name: string, body: unknown): Promise<void>;
}

/** Joins two extensions. The second one is asked about an event that neither owns. */
export function joinedExtensions(
	first: Extension,
	second: Extension,
): Extension {
	const ownerOf = (name: string) => (first.owns(name) ? first : second);
	return {
		owns: (name) => ownerOf(name).owns(name),
		drops: (event) => ownerOf(event.name).drops(event),
		deliver: (event, batch, ports) =>
			ownerOf(event.envelope.name).deliver(event, batch, ports),
		deadLetterIds: (name) => ownerOf(name).deadLetterIds(name),
		checkReplay: (name, body) => ownerOf(name).checkReplay(name, body),
	};
}
