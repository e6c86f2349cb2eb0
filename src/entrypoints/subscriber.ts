/** How the owner of the events comes in: an entrypoint that lists this Worker's handlers, and runs those of a call. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { receiveFor } from "../apps/app.ts";
import type { AppHost } from "../apps/app-host.ts";
import type { AppDeclaration } from "../apps/declaration.ts";
import type { HookRequest, Received } from "../apps/webhooks/trigger.ts";
import type { Events } from "../events.ts";
import type { Call, Reporter } from "../handlers/call.ts";
import { type HandlerListing, listingOf } from "../handlers/listing.ts";
import { checkHandlerPaths } from "../handlers/modules.ts";
import { run } from "../handlers/run.ts";
import { realTimer } from "../platform/timer.ts";
import { registrationOf } from "../registration.ts";

/** What the owner's binding has, and no more. */
export interface SubscriberEntrypoint extends WorkerEntrypoint {
	handlers(): Promise<HandlerListing[]>;
	deliver(call: Call, report: Reporter, host?: AppHost): Promise<void>;
	apps(): Promise<AppDeclaration[]>;
	receive(eventName: string, request: HookRequest): Promise<Received>;
}

/**
 * The entrypoint to export as `Subscriber` from a Worker that brings handlers. The owner of the events binds
 * it and names the binding in its `tidings.config.ts`.
 *
 * @throws RefusedError for a handler's path that leads nowhere
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

		/** Runs handlers one after the other, each within its time, and reports each as soon as it has ended. */
		async deliver(call: Call, report: Reporter, host?: AppHost): Promise<void> {
			await run(call, report, handlers, time, host);
		}

		async apps(): Promise<AppDeclaration[]> {
			return apps.map(({ declaration }) => declaration);
		}

		async receive(name: string, request: HookRequest): Promise<Received> {
			return receiveFor(apps, name, request, time);
		}
	};
}
