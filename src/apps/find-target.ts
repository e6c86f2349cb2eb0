/** Finds the handler of an app's code, in the app's own Worker alone. It calls none. */
import type { Batch } from "../consume/batch.ts";
import type { Result } from "../consume/decide.ts";
import { findHandler, type Target } from "../consume/deliver.ts";
import { UnavailableError } from "../event/errors.ts";
import { qualifiedId } from "../handlers/route.ts";
import type { AppPorts } from "./app-ports.ts";
import { findApp } from "./directory.ts";

/** A handler with the limiter of its Worker. */
export type AppTarget = Target & Pick<Batch, "limiter">;

/**
 * While a Worker that may have the app does not list its apps, the app's Worker counts as unreachable.
 *
 * @param id of the handler in its own Worker
 */
export async function findTarget(
	app: string,
	id: string,
	{ workers }: Batch,
	ports: Pick<AppPorts, "appWorkers">,
): Promise<AppTarget | Result> {
	const key = await workerKeyOf(app, ports);
	const worker = workers.find((one) => one.key === key);
	if (!worker)
		return {
			type: key === undefined ? "unknown_handler" : "worker_unreachable",
		};
	const found = await findHandler(qualifiedId(worker.key, id), worker);
	return "route" in found ? { ...found, limiter: worker.limiter } : found;
}

/** Returns undefined for an unknown app, and null if its Worker is not known now. */
async function workerKeyOf(
	app: string,
	ports: Pick<AppPorts, "appWorkers">,
): Promise<string | null | undefined> {
	try {
		return (await findApp(app, ports)).appWorker.worker.key;
	} catch (error) {
		return error instanceof UnavailableError ? null : undefined;
	}
}
