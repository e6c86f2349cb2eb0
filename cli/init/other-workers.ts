/** Plans a Worker that publishes through an owner, or has handlers that an owner calls. */
import { UsageError } from "../usage-error.ts";
import { wranglerFileOf } from "../wrangler-config.ts";
import { editConfig } from "./edit-config.ts";
import { exportSubscriber } from "./entry.ts";
import { type EntryFile, eventsModule } from "./entry-file.ts";
import type { Project } from "./project.ts";
import {
	clientOf,
	publisherEntryOf,
	SUBSCRIBER_EVENTS,
	SUBSCRIBER_EVENTS_JS,
	subscriberEntryOf,
} from "./sources.ts";

const CLIENT = "events-client";

/**
 * Binds the owner's entrypoint. The props identify this Worker, and list what it may publish.
 *
 * @throws UsageError if the binding is of something else
 */
export function withOwner(
	path: string,
	text: string,
	environment: string | undefined,
	{ owner, name }: { owner: string; name: string },
): string {
	const { top, environments } = wranglerFileOf(path, text);
	const own = environment === undefined ? top : environments[environment];
	const bound = own?.services?.find(({ binding }) => binding === "EVENTS");
	if (bound && bound.service !== owner)
		throw new UsageError(
			`the service binding EVENTS in ${path} is of ${bound.service}, not ${owner}; rename it, and run the command again`,
		);
	const service = {
		binding: "EVENTS",
		service: owner,
		entrypoint: "Publisher",
		...(!bound?.props && { props: { app: name, publish: ["**"] } }),
	};
	const change = { services: [service] };
	return editConfig(
		path,
		text,
		environment === undefined ? change : { env: { [environment]: change } },
	);
}

export function planPublisher(
	project: Project,
	entry: EntryFile,
	owner: string,
): string[] {
	const path = entry.pathOf(CLIENT);
	if (!project.exists(path)) project.write(path, clientOf(owner));
	if (!project.exists(entry.path))
		project.write(entry.path, publisherEntryOf(entry.specifierOf(CLIENT)));
	return [
		`In the main module of ${owner}, export its entrypoint, and deploy it before this Worker:
import { publisher } from "tidings/worker";
export const Publisher = publisher(events);`,
	];
}

export function planSubscriber(
	project: Project,
	entry: EntryFile,
	worker: string,
): string[] {
	const name = eventsModule(project, entry);
	const events = entry.pathOf(name);
	const { isTypeScript, path, text } = entry;
	if (!project.exists(events))
		project.write(
			events,
			isTypeScript ? SUBSCRIBER_EVENTS : SUBSCRIBER_EVENTS_JS,
		);
	const specifier = entry.specifierOf(name);
	const { text: after, byHand } =
		text === undefined
			? { text: subscriberEntryOf(specifier), byHand: [] }
			: exportSubscriber(path, text, specifier);
	project.write(path, after);
	const binding = worker.toUpperCase().replaceAll("-", "_");
	const service = { binding, service: worker, entrypoint: "Subscriber" };
	return [
		...byHand,
		`In the owner of the events, bind this Worker in the wrangler configuration, and deploy the owner after it:
"services": [${JSON.stringify(service)}]
Name the binding in its tidings.config.ts, and give that to worker(events, { config }):
export default defineConfig({ subscribers: { ${JSON.stringify(worker)}: { binding: ${JSON.stringify(binding)} } } });`,
	];
}
