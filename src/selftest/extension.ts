/** Delivers canaries: the consumer decides and settles them as it does any event, with handlers of the owner itself. */
import { deliver, findHandler } from "../consume/deliver.ts";
import type { Extension } from "../consume/extension.ts";
import { firstDelivery } from "../consume/next-delivery.ts";
import { ACK } from "../consume/settle.ts";
import { RefusedError } from "../event/errors.ts";
import { isSelftestName } from "../event/name.ts";
import type { HandlerWorker } from "../handlers/call.ts";
import { handlerWorkers } from "../handlers/workers.ts";
import type { Ports } from "../ports.ts";
import { isLate } from "./canary.ts";
import { canaryHandlers } from "./handlers.ts";

/** @param ports returns the ports of the owner. They contain this extension, so it reads them with each call */
export function selftestExtension(ports: () => Ports): Extension {
	let own: HandlerWorker | undefined;
	const worker = () => {
		own ??= workerOf(ports());
		return own;
	};
	return {
		owns: isSelftestName,
		drops: (event) => isLate(event, ports().clock()),
		async deliver(event, batch, consumePorts) {
			const { name, delivery } = event.envelope;
			const found = await findHandler(name, worker());
			// Another version of Tidings has published it.
			if (!("route" in found)) return ACK;
			const current = delivery ?? firstDelivery(event, name);
			const target = { ...found, host: { replay: current.replay ?? 0 } };
			return batch.limiter.run(event, () =>
				deliver(event, current, target, consumePorts),
			);
		},
		// The platform gives a message up long after its run.
		deadLetterIds: () => [],
		async checkReplay(name) {
			if (isSelftestName(name))
				throw new RefusedError(
					"invalid_request",
					`${name} is a canary of the selftest, whose body cannot be edited; replay it without a body`,
				);
		},
	};
}

function workerOf(ports: Ports): HandlerWorker {
	const routing = { overrides: [], defaults: {} };
	const [own] = handlerWorkers(
		canaryHandlers(ports),
		new Map(),
		routing,
		ports,
	).all;
	return own as HandlerWorker;
}
