/**
 * The entrypoint through which other Workers publish. Its props identify the caller and what it may publish. It
 * contains no rules: it checks permissions, calls a step and answers.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { AppIdentity } from "../apps/app-host.ts";
import { isAppName } from "../apps/app-name.ts";
import type { Subscribed } from "../apps/subscriptions/subscription.ts";
import {
	ForbiddenError,
	mapAtIndex,
	plainError,
	type Receipt,
	RefusedError,
} from "../event/errors.ts";
import { checkName } from "../event/name.ts";
import {
	checkPublish,
	checkPublisher,
	EVERY_NAME,
	type PublishPermission,
	type Requester,
} from "../event/permission.ts";
import { actingAs } from "../event/transition.ts";
import { objectOf, rejectUnknownKeys } from "../event/validation.ts";
import type { Events } from "../events.ts";
import type { Ports } from "../ports.ts";
import { publish, publishBatch } from "../publish/publish.ts";
import {
	type PublishRequest,
	requestOf,
	requestsOf,
} from "../publish/request.ts";
import type { Answer } from "../publish/transport.ts";
import { appsOf, portsOf, registrationOf } from "../registration.ts";
import { cancel, reschedule } from "../schedule/schedule.ts";

/**
 * The props of the caller's `[[services]]` binding. The caller's code cannot change them. The person who
 * deploys the caller writes them, so they limit code, not deployers.
 */
export interface PublisherProps {
	/** Identifies the caller in errors. It is also the app that subscribes. */
	app?: string;
	/** Patterns of the names that it may publish. Default: all. An empty list: none. */
	publish?: readonly string[];
}

/** The methods that a caller's binding has. */
interface PublisherEntrypoint
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
	/** For `createClient` and `events.publish` only. */
	request(method: string, args: unknown[]): Promise<Answer>;
}

const METHODS = [
	"publish",
	"publishBatch",
	"cancel",
	"reschedule",
	"subscribe",
	"unsubscribe",
	"runTool",
] as const;

/**
 * Creates the entrypoint to export as `Publisher` from the Worker that owns the events.
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
			this.#checkPublisher();
			const request = requestOf(args);
			this.#check(request);
			return publish({ ...request, ...this.#by() }, ports());
		}

		async publishBatch(items: unknown): Promise<Receipt[]> {
			this.#checkPublisher();
			const requests = requestsOf(items);
			mapAtIndex(requests, (request) => this.#check(request));
			const by = this.#by();
			const named = requests.map((request) => ({ ...request, ...by }));
			return publishBatch(named, ports());
		}

		async cancel(id: string): Promise<boolean> {
			return cancel(id, this.#acting(), this.#requester());
		}

		async reschedule(id: string, after: unknown): Promise<Receipt | false> {
			return reschedule(id, after, this.#acting(), this.#requester());
		}

		async subscribe(
			source: string,
			event: string,
			tool: string,
			options?: unknown,
		): Promise<Subscribed> {
			const caller = this.#identity(options);
			return appsOf(events).subscribe(caller, source, event, tool);
		}

		async unsubscribe(
			source: string,
			event: string,
			options?: unknown,
		): Promise<boolean> {
			const caller = this.#identity(options);
			return appsOf(events).unsubscribe(caller, source, event);
		}

		async runTool(
			app: string,
			tool: string,
			input: unknown,
			options?: unknown,
		): Promise<unknown> {
			const { publish: patterns, app: own } = this.ctx.props ?? {};
			if (patterns !== undefined && own !== app)
				throw new ForbiddenError(
					`${this.#caller()} may not run tools of ${String(app).slice(0, 100)}; its props limit what it may publish, so it may run only tools of the app that they name`,
				);
			const tokens = tokensIn(options);
			return appsOf(events).runTool(app, tool, input, tokens);
		}

		/**
		 * Calls a method, and returns a rejection as a value. An error that is thrown over RPC appears as `Uncaught` in the
		 * owner's log, although the caller handles it.
		 */
		async request(name: string, args: unknown[]): Promise<Answer> {
			const method = METHODS.find((one) => one === name);
			if (method === undefined || !Array.isArray(args))
				throw new TypeError(`${JSON.stringify(name)} is not a method`);
			try {
				const call = this[method] as (...args: unknown[]) => Promise<unknown>;
				return { value: await call.apply(this, args) };
			} catch (thrown) {
				const error = plainError(thrown);
				if (error) return { error };
				throw thrown;
			}
		}

		/**
		 * The app that subscribes is always the one in the props. The caller is not the app's own code: whoever deploys a
		 * Worker writes its props.
		 */
		#identity(options: unknown): AppIdentity {
			const { app } = this.ctx.props ?? {};
			if (isAppName(app))
				return { app, tokens: tokensIn(options), isUser: true };
			throw new ForbiddenError(
				`${this.#caller()} is not an app; set props = { app = "@scope/name" } in its [[services]] binding`,
			);
		}

		#checkPublisher(): void {
			checkPublisher(this.#permission(), this.#caller());
		}

		#check({ name }: PublishRequest): void {
			checkName(name);
			checkPublish(this.#permission(), name, this.#caller());
		}

		/** The publisher, in the journal and for idempotency keys. */
		#by(): { by?: string } {
			const { app } = this.ctx.props ?? {};
			return typeof app === "string" ? { by: app } : {};
		}

		#acting(): Ports {
			const { by } = this.#by();
			return by === undefined ? ports() : actingAs(ports(), by);
		}

		#requester(): Requester {
			return { permission: this.#permission(), caller: this.#caller() };
		}

		/** Malformed props permit nothing. */
		#permission(): PublishPermission {
			const patterns: unknown = this.ctx.props?.publish;
			if (patterns === undefined) return EVERY_NAME;
			return Array.isArray(patterns)
				? patterns.filter((pattern) => typeof pattern === "string")
				: [];
		}

		#caller(): string {
			return `the caller ${JSON.stringify(this.ctx.props?.app ?? "without an app name")}`;
		}
	};
}

/** @throws RefusedError `invalid_request` unless the options have a list of tokens, or none */
function tokensIn(options: unknown = {}): readonly string[] {
	const { tokens = [] } = objectOf(options) as { tokens?: unknown };
	rejectUnknownKeys("options", options as object, ["tokens"]);
	if (Array.isArray(tokens) && tokens.every((one) => typeof one === "string"))
		return tokens;
	throw new RefusedError(
		"invalid_request",
		"options: tokens is not a list of strings; give the user's JSON Web Tokens",
	);
}
