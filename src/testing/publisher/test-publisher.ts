/**
 * A stub for the binding of a Worker that only publishes, `env.EVENTS`: the owner's entrypoint with all its checks,
 * over ports that record. It runs no handler.
 */
import type { PublisherProps } from "../../entrypoints/publisher.ts";
import type { Catalogue } from "../../event/catalogue.ts";
import { rejectUnknownKeys } from "../../event/validation.ts";
import type { Events } from "../../events.ts";
import type { PublisherBinding } from "../../publish/transport.ts";
import { REGISTRATION, registrationOf } from "../../registration.ts";
import { publisher } from "../../worker.ts";
import { publishedIn } from "../observations.ts";
import { Recording } from "../recording.ts";
import type { TestEvents } from "../test-events.ts";
import { recordingPorts } from "./recording-ports.ts";

interface TestPublisherOptions {
	/** The `props` of the Worker's binding: its name, and what it may publish. Default: every event. */
	props?: PublisherProps;
	/** The lanes of the owner. Default: none, so that an event with a lane is rejected. */
	lanes?: readonly string[];
}

/**
 * Creates a stub for `env.EVENTS`. It checks names, bodies, schemas, sizes and permissions as the owner does, and
 * records what it accepts. `published` returns the same as in `createTestEvents`. The stub has no apps, so `subscribe`
 * and `runTool` reject.
 *
 * @param events of the owner, or `createEvents({ events: […] })` with the definitions that the Worker publishes
 * @throws RefusedError for an unknown option
 * @example
 * const EVENTS = createTestPublisher(events, { props: { app: "storefront", publish: ["order.**"] } });
 * await storefront.fetch(request, { EVENTS });
 * expect(EVENTS.published("order.placed")).toHaveLength(1);
 */
export function createTestPublisher<Listed extends Catalogue>(
	events: Events<Listed>,
	options: TestPublisherOptions = {},
): PublisherBinding & Pick<TestEvents<Listed>, "published"> {
	rejectUnknownKeys("createTestPublisher", options, ["props", "lanes"]);
	const { props = {}, lanes = [] } = options;
	const recording = new Recording();
	const registration = registrationOf(events);
	const { definitionOf, checkListed } = registration;
	const ports = {
		...recordingPorts(recording, lanes),
		definitionOf,
		checkListed,
	};
	const noApps = async () => {
		throw new Error(
			"tidings/testing: createTestPublisher has no apps; use createTestEvents of tidings/testing, in Node",
		);
	};
	const apps = { subscribe: noApps, unsubscribe: noApps, runTool: noApps };
	const Publisher = publisher({
		...(events as Events),
		[REGISTRATION]: { ...registration, assembled: { ports, apps } as never },
	});
	const stub = new Publisher({ props } as never, {} as never);
	return Object.assign(stub, { published: publishedIn(recording) }) as never;
}
