/** How other Workers come in: an entrypoint with four methods, whose props say who calls and what it may publish. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { mapAtIndex, type Receipt } from "../contract/errors.ts";
import { checkName } from "../contract/pattern.ts";
import {
	type PublishRequest,
	requestOf,
	requestsOf,
} from "../contract/request.ts";
import { checkPublish, type PublishRight } from "../contract/rights.ts";
import { type Events, ownerOf } from "../events.ts";
import { publish, publishBatch } from "../publish.ts";
import { cancel, findMovable, reschedule } from "../schedule.ts";

/** Set by the caller's `[[services]]` binding; the caller's code cannot change them. */
export interface PublisherProps {
	/** Who calls, for errors. */
	app?: string;
	/** Patterns of the names it may publish. Absent: all; an empty list: none. */
	publish?: readonly string[];
}

/** What a caller's binding has, and no more. */
export interface PublisherEntrypoint
	extends WorkerEntrypoint<Cloudflare.Env, PublisherProps> {
	publish(...args: unknown[]): Promise<Receipt>;
	publishBatch(items: unknown): Promise<Receipt[]>;
	cancel(id: string): Promise<boolean>;
	reschedule(id: string, after: unknown): Promise<Receipt | false>;
}

/**
 * The entrypoint to export as `Publisher` from the Worker that owns the events.
 *
 * @example
 * export const Publisher = publisher(events);
 */
export function publisher(
	events: Events,
): new (
	ctx: ExecutionContext<PublisherProps>,
	env: Cloudflare.Env,
) => PublisherEntrypoint {
	const owner = ownerOf(events);

	return class Publisher extends WorkerEntrypoint<
		Cloudflare.Env,
		PublisherProps
	> {
		async publish(...args: unknown[]): Promise<Receipt> {
			const request = requestOf(args);
			this.#check(request);
			return publish(request, owner);
		}

		async publishBatch(items: unknown): Promise<Receipt[]> {
			const requests = requestsOf(items);
			mapAtIndex(requests, (request) => this.#check(request));
			return publishBatch(requests, owner);
		}

		async cancel(id: string): Promise<boolean> {
			return (await this.#mayMove(id)) && cancel(id, owner);
		}

		async reschedule(id: string, after: unknown): Promise<Receipt | false> {
			return (await this.#mayMove(id)) && reschedule(id, after, owner);
		}

		#check({ name }: PublishRequest): void {
			checkName(name);
			checkPublish(this.#right(), name, this.#caller());
		}

		async #mayMove(id: string): Promise<boolean> {
			const right = this.#right();
			return !!(await findMovable(id, right, this.#caller(), owner));
		}

		/** Props that are not as they should be give no right. */
		#right(): PublishRight {
			const patterns: unknown = this.ctx.props?.publish;
			if (patterns === undefined) return "all";
			return Array.isArray(patterns)
				? patterns.filter((pattern) => typeof pattern === "string")
				: [];
		}

		#caller(): string {
			return `the caller ${JSON.stringify(this.ctx.props?.app ?? "without an app name")}`;
		}
	};
}
