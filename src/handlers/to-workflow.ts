/** Hands an event over to Cloudflare Workflows, as a handler: one event starts one instance. It runs no workflow. */
import { environment } from "../platform/environment.ts";
import type { HandlerFunction, TidingsEvent } from "./handler.ts";

/**
 * A handler that starts an instance of a workflow with the event `{ id, name, body, time, delay }` as its params.
 *
 * The instance's id is the event's, so a redelivery starts no second one for as long as the platform keeps the
 * first. The delivery ends when the instance exists; what becomes of it is the workflow's own. Two on one pattern
 * need an `id` each.
 *
 * @param binding finds the workflow's binding, anew at each attempt
 * @throws Error at an attempt: without the binding, or when the workflow cannot be reached; the delivery is retried
 * @example
 * events.on("order.placed", toWorkflow((env) => env.FULFILMENT));
 */
export function toWorkflow<
	Event extends TidingsEvent = TidingsEvent,
	Env = Cloudflare.Env,
>(binding: (env: Env) => Workflow<Event>): HandlerFunction<Event> {
	if (typeof binding !== "function")
		throw new TypeError(
			"toWorkflow takes a function that finds the binding: toWorkflow((env) => env.FULFILMENT)",
		);
	// Its name becomes part of the handler's id.
	return async function toWorkflow({ id, name, body, time, delay }) {
		const workflow = binding(environment() as Env) as Workflow | undefined;
		if (typeof workflow?.create !== "function")
			throw new Error(
				`tidings: toWorkflow(${binding}) finds no workflow: add it to [[workflows]] in the Worker's configuration, with name, binding and class_name`,
			);
		try {
			await workflow.create({ id, params: { id, name, body, time, delay } });
		} catch (error) {
			if (saysItExists(error) || (await exists(workflow, id))) return;
			throw error;
		}
	};
}

/** `(instance.already_exists) …` in production, `Workflow instance with id "…" already exists` locally. */
function saysItExists(error: unknown): boolean {
	return /already[ _]exists/i.test(String(error));
}

/** For an answer that was lost, or that came in other words; what cannot be asked is not known to exist. */
async function exists(workflow: Workflow, id: string): Promise<boolean> {
	try {
		const instance = await workflow.get(id);
		return (await instance.status()).status !== "unknown";
	} catch {
		return false;
	}
}
