/**
 * The entrypoint through which the owner of the events lists and runs the handlers and apps of this Worker. It decides
 * nothing.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { AppHost } from "../apps/app-host.ts";
import type { AppBinding } from "../apps/app-workers.ts";
import type { AppDeclaration } from "../apps/declaration.ts";
import { ownAppOf } from "../apps/own-app.ts";
import type { HookRequest, Received } from "../apps/webhooks/trigger.ts";
import { plainError } from "../event/errors.ts";
import { rejectUnknownKeys } from "../event/validation.ts";
import type { Events } from "../events.ts";
import type { Call, Reporter } from "../handlers/call.ts";
import {
	type CallSignature,
	checkSignature,
} from "../handlers/call-signature.ts";
import { type HandlerListing, listingOf } from "../handlers/listing.ts";
import { checkHandlerPaths } from "../handlers/modules.ts";
import { run } from "../handlers/run.ts";
import { callSecrets } from "../platform/environment.ts";
import { realTimer } from "../platform/timer.ts";
import { registrationOf } from "../registration.ts";

/** The methods of the owner's binding. The class may have no other public method. */
interface SubscriberEntrypoint extends WorkerEntrypoint, AppBinding {
	handlers(signature?: CallSignature): Promise<HandlerListing[]>;
	deliver(
		call: Call,
		report: Reporter,
		host?: AppHost,
		signature?: CallSignature,
	): Promise<void>;
}

interface SubscriberOptions {
	/** The Worker's key in the owner's `tidings.config.ts`. Required if this Worker has `TIDINGS_CALL_SECRET`. */
	key?: string;
}

/**
 * Creates the entrypoint to export as `Subscriber` from a Worker with handlers. The owner of the events binds it, and
 * names the binding in its `tidings.config.ts`. Every Worker of the account can call it, unless `TIDINGS_CALL_SECRET`
 * is set: then it rejects calls that the owner has not signed for this Worker.
 *
 * @throws RefusedError `invalid_handler` for a handler's path without a module or function, `invalid_request` for an
 * unknown option; Error for a secret without a key, or one that is too short
 * @example
 * export const Subscriber = subscriber(events);
 */
export function subscriber(
	events: Events,
	options: SubscriberOptions = {},
): new (
	ctx: ExecutionContext,
	env: Cloudflare.Env,
) => SubscriberEntrypoint {
	rejectUnknownKeys("subscriber", options, ["key"]);
	const { key } = options;
	const hasSecret = callSecrets().length > 0;
	if (hasSecret && key === undefined)
		throw new Error(
			'tidings: this Worker has TIDINGS_CALL_SECRET, but no key; use subscriber(events, { key: "…" }) with its key in the owner\'s tidings.config.ts',
		);
	checkHandlerPaths();
	const { handlers, apps } = registrationOf(events);
	const time = { clock: () => Date.now(), timer: realTimer };

	const check = async (
		method: keyof SubscriberEntrypoint,
		args: readonly unknown[],
		by: CallSignature | undefined,
	) => {
		const secrets = callSecrets();
		if (key !== undefined && secrets.length > 0)
			await checkSignature(secrets, key, method, args, by, time.clock());
	};

	return class Subscriber extends WorkerEntrypoint {
		async handlers(signature?: CallSignature): Promise<HandlerListing[]> {
			await check("handlers", [], signature);
			return handlers.list().map(listingOf);
		}

		/** Runs handlers one after the other, and reports each outcome as soon as it is known. */
		async deliver(
			call: Call,
			report: Reporter,
			host?: AppHost,
			signature?: CallSignature,
		): Promise<void> {
			await check("deliver", [call], signature);
			await run(call, report, handlers, time, host);
		}

		async apps(signature?: CallSignature): Promise<AppDeclaration[]> {
			await check("apps", [], signature);
			return apps.map(({ declaration }) => declaration);
		}

		async receive(
			name: string,
			request: HookRequest,
			signature?: CallSignature,
		): Promise<Received> {
			await check("receive", [name, request], signature);
			const { app, event } = ownAppOf(apps, name);
			return app.receive(event, request, time.clock());
		}

		/** Returns the error of a payload that does not match its schema, or null. */
		async checkPayload(
			name: string,
			payload: unknown,
			signature?: CallSignature,
		): Promise<object | null> {
			await check("checkPayload", [name, payload], signature);
			try {
				const { app, event } = ownAppOf(apps, name);
				app.checkPayload(event, payload);
				return null;
			} catch (thrown) {
				const error = plainError(thrown);
				if (error) return error;
				throw thrown;
			}
		}
	};
}
