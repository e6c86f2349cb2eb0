/** How other Workers come in: an entrypoint with few methods, whose props say who calls and what it may publish. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { AppIdentity } from "../apps/app-host.ts";
import { isAppName } from "../apps/app-name.ts";
import { runTool } from "../apps/run-tool.ts";
import { subscribe, unsubscribe } from "../apps/subscriptions/subscribe.ts";
import type { Subscribed } from "../apps/subscriptions/subscription.ts";
import {
	ForbiddenError,
	mapAtIndex,
	type Receipt,
	RefusedError,
} from "../event/errors.ts";
import { checkName } from "../event/name.ts";
import {
	checkPublish,
	type PublishPermission,
	type Requester,
} from "../event/permission.ts";
import { objectOf, rejectUnknownKeys } from "../event/validation.ts";
import { type Events, portsOf, registrationOf } from "../events.ts";
import { publish, publishBatch } from "../publish/publish.ts";
import {
	type PublishRequest,
	requestOf,
	requestsOf,
} from "../publish/request.ts";
import { cancel, reschedule } from "../schedule/schedule.ts";

/** Set by the caller's `[[services]]` binding; the caller's code cannot change them. */
export interface PublisherProps {
	/** Who calls, for errors; the app in whose name it subscribes. */
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
	subscribe(
		source: string,
		event: string,
		tool: string,
		options?: unknown,
	): Promise<Subscribed>;
	unsubscribe(
		source: string,
		event: string,
		options?: unknown,
	): Promise<boolean>;
	runTool(
		app: string,
		tool: string,
		input: unknown,
		options?: unknown,
	): Promise<unknown>;
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
	registrationOf(events);
	const ports = () => portsOf(events);

	return class Publisher extends WorkerEntrypoint<
		Cloudflare.Env,
		PublisherProps
	> {
		async publish(...args: unknown[]): Promise<Receipt> {
			const request = requestOf(args);
			this.#check(request);
			return publish(request, ports());
		}

		async publishBatch(items: unknown): Promise<Receipt[]> {
			const requests = requestsOf(items);
			mapAtIndex(requests, (request) => this.#check(request));
			return publishBatch(requests, ports());
		}

		async cancel(id: string): Promise<boolean> {
			return cancel(id, ports(), this.#mover());
		}

		async reschedule(id: string, after: unknown): Promise<Receipt | false> {
			return reschedule(id, after, ports(), this.#mover());
		}

		async subscribe(
			source: string,
			event: string,
			tool: string,
			options?: unknown,
		): Promise<Subscribed> {
			return subscribe(this.#identity(options), source, event, tool, ports());
		}

		async unsubscribe(
			source: string,
			event: string,
			options?: unknown,
		): Promise<boolean> {
			return unsubscribe(this.#identity(options), source, event, ports());
		}

		async runTool(
			app: string,
			tool: string,
			input: unknown,
			options?: unknown,
		): Promise<unknown> {
			if (this.#right() !== "all" && this.ctx.props?.app !== app)
				throw new ForbiddenError(
					`${this.#caller()} may not run tools of ${app}: its props list what it may publish, and name another app`,
				);
			const tokens = tokensIn(options);
			return runTool(app, tool, input, tokens, ports());
		}

		/** An app that subscribes is the one that the props name, and no other. */
		#identity(options: unknown): AppIdentity {
			const { app } = this.ctx.props ?? {};
			if (isAppName(app)) return { app, tokens: tokensIn(options) };
			throw new ForbiddenError(
				`${this.#caller()} is no app: set props = { app = "@scope/name" } in its [[services]] binding`,
			);
		}

		#check({ name }: PublishRequest): void {
			checkName(name);
			checkPublish(this.#right(), name, this.#caller());
		}

		#mover(): Requester {
			return { permission: this.#right(), caller: this.#caller() };
		}

		/** Props that are not as they should be give no right. */
		#right(): PublishPermission {
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

/** @throws RefusedError `invalid_request` for what are no options with tokens */
function tokensIn(options: unknown = {}): readonly string[] {
	const { tokens = [] } = objectOf(options) as { tokens?: unknown };
	rejectUnknownKeys("options", options as object, ["tokens"]);
	if (Array.isArray(tokens) && tokens.every((one) => typeof one === "string"))
		return tokens;
	throw new RefusedError(
		"invalid_request",
		"options: tokens is no list of tokens",
	);
}
