/**
 * The entrypoint through which the owner of the events lists and runs the handlers and apps of this Worker. It decides
 * nothing.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import { checkPayloadOf, receiveWebhook } from "../apps/app.ts";
import type { AppHost } from "../apps/app-host.ts";
import type { AppDeclaration } from "../apps/declaration.ts";
import type { HookRequest, Received } from "../apps/webhooks/trigger.ts";
import { plainError } from "../event/errors.ts";
import type { Events } from "../events.ts";
import type { Call, Reporter } from "../handlers/call.ts";
import { type HandlerListing, listingOf } from "../handlers/listing.ts";
import { checkHandlerPaths } from "../handlers/modules.ts";
import { run } from "../handlers/run.ts";
import { realTimer } from "../platform/timer.ts";
import { registrationOf } from "../registration.ts";

/** The methods of the owner's binding. The class may have no other public method. */
interface SubscriberEntrypoint extends WorkerEntrypoint {
	handlers(): Promise<HandlerListing[]>;
	deliver(call: Call, report: Reporter, host?: AppHost): Promise<void>;
	apps(): Promise<AppDeclaration[]>;
	receive(eventName: string, request: HookRequest): Promise<Received>;
	checkPayload(eventName: string, payload: unknown): Promise<object | null>;
}

/**
 * Creates the entrypoint to export as `Subscriber` from a Worker with handlers. The owner of the events binds it, and
 * names the binding in its `tidings.config.ts`.
 *
 * @throws RefusedError `invalid_handler` for a handler's path without a module or function
 * @example
 * export const Subscriber = subscriber(events);
 */
export function subscriber(
	events: Events,
): new (
	ctx: ExecutionContext,
	env: Cloudflare.Env,
) => SubscriberEntrypoint {
	checkHandlerPaths();
	const { handlers, apps } = registrationOf(events);
	const time = { clock: () => Date.now(), timer: realTimer };

	return class Subscriber extends WorkerEntrypoint {
		async handlers(): Promise<HandlerListing[]> {
			return handlers.list().map(listingOf);
		}

		/** Runs handlers one after the other, and reports each outcome as soon as it is known. */
		async deliver(call: Call, report: Reporter, host?: AppHost): Promise<void> {
			await run(call, report, handlers, time, host);
		}

		async apps(): Promise<AppDeclaration[]> {
			return apps.map(({ declaration }) => declaration);
		}

		async receive(name: string, request: HookRequest): Promise<Received> {
			return receiveWebhook(apps, name, request, time);
		}

		/** Returns the error of a payload that does not match its schema, or null. */
		async checkPayload(name: string, payload: unknown): Promise<object | null> {
			try {
				checkPayloadOf(apps, name, payload);
				return null;
			} catch (thrown) {
				const error = plainError(thrown);
				if (error) return error;
				throw thrown;
			}
		}
	};
}
