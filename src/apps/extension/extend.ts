/** Adds apps to the Worker that owns the events: checks that they fit its configuration, and assembles their ports. */
import type { AppPorts } from "../app-ports.ts";
import { appWorkers } from "../app-workers.ts";
import { boundSubscriptions } from "../subscriptions/bound-subscriptions.ts";
import { appExtension } from "./app-extension.ts";
import type { AppsExtension, AppsOwner } from "./extension.ts";

/** @throws Error if the configuration gives an app of this Worker to another one */
export function extend(owner: AppsOwner): AppsExtension {
	checkOwnApps(owner);
	let ports: AppPorts | undefined;
	return appExtension(() => {
		ports ??= appPortsOf(owner);
		return ports;
	});
}

function appPortsOf({
	ports: portsOfOwner,
	apps,
	bindings,
	settings: { subscribers, issuers, url },
	prefix,
}: AppsOwner): AppPorts {
	const ports = portsOfOwner();
	return {
		...ports,
		appWorkers: appWorkers(apps, ports.workers, bindings, subscribers, ports),
		subscriptionsOf: boundSubscriptions,
		issuers,
		webhookUrl: (name, secret) => `${url}${prefix}/hooks/${name}/${secret}`,
	};
}

function checkOwnApps({ apps, settings }: AppsOwner): void {
	const own = apps.map(({ declaration }) => declaration.name);
	for (const [key, { apps = [] }] of Object.entries(settings.subscribers)) {
		const twice = apps.find((app) => own.includes(app));
		if (twice !== undefined)
			throw new Error(
				`tidings.config.ts: subscribers.${key}.apps: this Worker's createEvents has the app ${JSON.stringify(twice)}, too; remove it from one of them`,
			);
	}
}
