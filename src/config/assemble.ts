/**
 * Assembles the ports of the Worker that owns the events, once, when it starts. A binding or a handler that the
 * configuration names and that is missing is an error then, not with the first event.
 */

import type { AppBinding } from "../apps/app-workers.ts";
import type { AppsExtension, Extend } from "../apps/extension/extension.ts";
import { type Extension, joinedExtensions } from "../consume/extension.ts";
import { newId, newIds } from "../event/id.ts";
import { RETRY_WAIT } from "../event/limits.ts";
import { signatureFor } from "../handlers/call-signature.ts";
import type { SubscriberBinding } from "../handlers/remote-worker.ts";
import { handlerWorkers } from "../handlers/workers.ts";
import { JournalWriter, journalingCalls } from "../journal/writer.ts";
import {
	boundDeadLetters,
	boundJobs,
	boundJournal,
	boundPayloads,
	boundQueues,
} from "../platform/bindings.ts";
import { boundKeys } from "../platform/bound-keys.ts";
import {
	activeTrace,
	background,
	binding,
	callSecrets,
} from "../platform/environment.ts";
import { realTimer } from "../platform/timer.ts";
import type { Ports } from "../ports.ts";
import { coalescingQueues, coalescingScheduler } from "../publish/coalesce.ts";
import { publish, publishBatch } from "../publish/publish.ts";
import { retryingPayloads } from "../publish/retry-send.ts";
import type { Bus } from "../publish/transport.ts";
import type { Registration } from "../registration.ts";
import { cancel, reschedule } from "../schedule/schedule.ts";
import { boundScheduler } from "../schedule/shards.ts";
import { checkBindings, checkIds, registerFiles } from "./check-settings.ts";
import type { Settings } from "./settings.ts";

/**
 * Returns two values of the ports. `ports` serve callers: they coalesce and retry. `consumerPorts` do neither: a
 * message whose send fails is redelivered.
 *
 * @param prefix of our paths
 * @param extend adds apps
 * @param canaries delivers the canaries of the selftest
 * @throws Error that names the path of a missing binding or handler in the configuration
 */
export function assemble(
	registration: Registration,
	settings: Settings,
	prefix: string,
	extend: Extend,
	canaries: (ports: () => Ports) => Extension,
): { ports: Ports; consumerPorts: Ports; apps: AppsExtension; bus: Bus } {
	const { shards, subscribers, routing } = settings;
	const { handlers, apps, definitions, definitionOf, checkListed, observe } =
		registration;
	checkBindings(settings);
	registerFiles(settings, handlers);
	checkIds(settings, handlers);

	const clock = () => Date.now();
	const random = () => Math.random();
	const time = { clock, random, timer: realTimer };
	const queues = boundQueues(random);
	const scheduler = boundScheduler(shards.all);
	const payloads = boundPayloads();
	const [secret] = callSecrets();
	const bindings = new Map(
		Object.entries(subscribers).map(([key, { binding: name }]) => [
			key,
			() => {
				const bound = binding(name) as SubscriberBinding & AppBinding;
				return secret ? signing(secret, key, bound, clock) : bound;
			},
		]),
	);
	const workers = handlerWorkers(handlers, bindings, routing, time);
	const journal = settings.journal
		? new JournalWriter(settings.journal, boundJournal(), clock, background)
		: null;
	// The ports contain the extensions, so the extensions read the ports later.
	const extended = () => ports;
	const ofApps = extend({
		ports: extended,
		apps,
		bindings,
		settings,
		prefix,
	});
	const ports: Ports = {
		...time,
		queues: coalescingQueues(queues, time),
		scheduler: coalescingScheduler(scheduler, time),
		payloads: retryingPayloads(payloads, time),
		deadLetters: boundDeadLetters(),
		keys: boundKeys(),
		jobs: boundJobs(),
		journal,
		workers,
		extension: joinedExtensions(canaries(extended), ofApps),
		definitions,
		definitionOf,
		checkListed,
		activeTrace,
		retryWait: RETRY_WAIT,
		newId: (time) => newId(time, shards.now),
		newIds: (count, time) => newIds(count, time, shards.now),
		observe: journal ? journalingCalls(observe, journal) : observe,
	};
	return {
		ports,
		consumerPorts: { ...ports, queues, scheduler, payloads, observe },
		apps: ofApps,
		bus: ownBus(ports, ofApps),
	};
}

/** The binding of a Worker, with a signature for each call. */
function signing(
	secret: string,
	key: string,
	bound: SubscriberBinding & AppBinding,
	clock: () => number,
): SubscriberBinding & AppBinding {
	const sign = (method: keyof typeof bound, ...args: unknown[]) =>
		signatureFor(secret, key, method, args, clock());
	return {
		handlers: async () => bound.handlers(await sign("handlers")),
		deliver: async (call, report, host) =>
			bound.deliver(call, report, host, await sign("deliver", call)),
		apps: async () => bound.apps(await sign("apps")),
		receive: async (name, request) =>
			bound.receive(name, request, await sign("receive", name, request)),
		checkPayload: async (name, payload) =>
			bound.checkPayload(
				name,
				payload,
				await sign("checkPayload", name, payload),
			),
	};
}

function ownBus(ports: Ports, { runTool }: AppsExtension): Bus {
	return {
		publish: (request) => publish(request, ports),
		publishBatch: (requests) => publishBatch(requests, ports),
		cancel: (id) => cancel(id, ports),
		reschedule: (id, after) => reschedule(id, after, ports),
		runTool,
	};
}
