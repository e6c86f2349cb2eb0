/**
 * The only interface through which the core knows an extension, such as apps. An extension owns reserved event names,
 * those that begin with `@`, and delivers their events itself. The core imports no extension.
 */
import type { Batch } from "./batch.ts";
import type { ConsumePorts, IncomingEvent, Verdict } from "./settle.ts";

export interface Extension {
	/** Whether the extension delivers events of this name. */
	owns(name: string): boolean;
	/** Delivers the message of an owned event. @throws any error that prevents a verdict; the message is then redelivered */
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
