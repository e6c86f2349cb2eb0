/**
 * Stands in for apps in a Worker without them. An event of an app that arrives nevertheless, such as after a deploy that
 * left apps out, waits like one whose handler is unknown. Everything else is rejected, with what to add.
 */
import { deliver } from "../../consume/deliver.ts";
import { firstDelivery } from "../../consume/next-delivery.ts";
import { RefusedError } from "../../event/errors.ts";
import { log } from "../../platform/log.ts";
import { isAppsEvent } from "../app-name.ts";
import { wholeEventId } from "../delivery-ids.ts";
import type { AppsExtension, AppsOwner } from "./extension.ts";

const REMEDY =
	'import { apps } from "tidings/apps" and pass worker(events, { apps: apps() })';

/** @throws Error if the owner has apps, or settings of apps */
export function absentApps({ apps, settings }: AppsOwner): AppsExtension {
	checkUnused(
		apps.map(({ declaration }) => declaration.name),
		settings,
	);
	return {
		ports: null,
		owns: isAppsEvent,
		drops: () => false,
		deliver(event, batch, ports) {
			const { id, name, delivery } = event.envelope;
			log("apps_missing", { event: id, name, hint: REMEDY });
			// The id that apps give to it, so that a deploy with apps continues where this one stopped.
			const waiting = delivery ?? firstDelivery(event, wholeEventId(name));
			const missing = { type: "extension_missing", remedy: REMEDY } as const;
			return batch.limiter.run(event, () =>
				deliver(event, waiting, missing, ports),
			);
		},
		deadLetterIds: (name) => [wholeEventId(name)],
		async checkReplay(name) {
			if (isAppsEvent(name)) throw notConfigured();
		},
		runTool: reject,
		subscribe: reject,
		unsubscribe: reject,
		acceptMail: reject,
		runLifecycle: reject,
		enqueuePoll: reject,
	};
}

function checkUnused(
	apps: readonly string[],
	{ issuers, subscribers }: AppsOwner["settings"],
): void {
	const unused = [
		...apps.map((app) => `createEvents: apps: ${app}`),
		...Object.keys(issuers).map(
			(name) => `tidings.config.ts: issuers: ${name}`,
		),
		...Object.entries(subscribers).flatMap(([key, { apps }]) =>
			apps ? `tidings.config.ts: subscribers.${key}.apps` : [],
		),
	];
	if (unused.length > 0)
		throw new Error(`${unused.join(", ")}: worker() has no apps; ${REMEDY}`);
}

/** For people, such as in the answer to a route of apps. */
export function notConfigured(): RefusedError {
	return new RefusedError(
		"not_configured",
		`this Worker has no apps; ${REMEDY}`,
	);
}

async function reject(): Promise<never> {
	throw notConfigured();
}
