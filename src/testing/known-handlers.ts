/** The handlers of a test by the ids of their deliveries, so that a misspelt id is an error. It runs none. */
import { show } from "../event/validation.ts";
import type { Handler } from "../handlers/handler.ts";
import { registrationOf } from "../registration.ts";
import type { AnyEvents } from "./other-workers.ts";

export class KnownHandlers {
	readonly #byId = new Map<string, Handler>();

	/** @param others the events of other Workers, by their keys. The ids of their handlers begin with the key. */
	constructor(events: AnyEvents, others: Readonly<Record<string, AnyEvents>>) {
		this.#add(events, "");
		for (const [key, other] of Object.entries(others))
			this.#add(other, `${key}/`);
	}

	/** @throws Error for a handler that does not exist */
	check(id: string): void {
		// Deliveries to the subscribers of an app's event have ids of their own.
		if (!id.startsWith("@")) this.get(id);
	}

	/** @throws Error for a handler that does not exist, which lists those that do */
	get(id: string): Handler {
		const found = this.#byId.get(id);
		if (found) return found;
		throw new Error(
			`tidings/testing: there is no handler ${show(id)}; there are ${[...this.#byId.keys()].join(", ") || "none"}`,
		);
	}

	/** Copies each handler: the kit may replace its function. */
	#add(events: AnyEvents, prefix: string): void {
		for (const handler of registrationOf(events).handlers.list())
			this.#byId.set(prefix + handler.id, { ...handler });
	}
}
