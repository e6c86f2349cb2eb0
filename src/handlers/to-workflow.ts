/** A handler that starts a Cloudflare Workflow: one instance for each event. It runs no workflow itself. */

import type { TidingsEvent } from "../event/envelope.ts";
import { environment } from "../platform/environment.ts";
import type { HandlerFunction } from "./handler.ts";

/**
 * Creates a handler that starts an instance of a workflow, with the event `{ id, name, body, time, delay }` as params.
 *
 * The instance has the event's id, so a redelivery starts no second instance while the platform retains the first.
 * The delivery ends when the instance exists. The handler's id follows the name of the binding.
 *
 * @param binding returns the workflow's binding. Called with each attempt, and once with a stand-in for `env`, which
 * shows the name of the binding
 * @throws Error in an attempt, which is then retried: if the binding is missing or the workflow cannot be reached
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
	const start: HandlerFunction<Event> = async (event) => {
		const { id, name, body, time, delay } = event;
		const workflow = binding(environment() as Env) as Workflow | undefined;
		if (typeof workflow?.create !== "function")
			throw new Error(
				`tidings: toWorkflow(${binding}) returned no workflow; add it to [[workflows]] in the Worker's configuration, with name, binding and class_name`,
			);
		try {
			await workflow.create({ id, params: { id, name, body, time, delay } });
		} catch (error) {
			if (saysItExists(error) || (await exists(workflow, id))) return;
			throw error;
		}
	};
	// Both identify the handler across deploys: its name or, without one, its source.
	return Object.defineProperties(start, {
		name: { value: nameFor(binding) },
		toString: { value: () => `${binding}` },
	});
}

/** Such as `toWorkflow(FULFILMENT)`. Empty if the function returns anything else than a member of `env`. */
function nameFor(binding: (env: never) => unknown): string {
	const members = new Map<unknown, string>();
	const env = new Proxy(
		{},
		{
			get(_, name) {
				const member = {};
				members.set(member, String(name));
				return member;
			},
		},
	);
	try {
		const name = members.get(binding(env as never));
		return name === undefined ? "" : `toWorkflow(${name})`;
	} catch {
		return "";
	}
}

/** `(instance.already_exists) …` in production, `Workflow instance with id "…" already exists` locally. */
function saysItExists(error: unknown): boolean {
	return /already[ _]exists/i.test(String(error));
}

/** Asks the platform, for an answer that was lost or worded differently. Returns false if it does not answer. */
async function exists(workflow: Workflow, id: string): Promise<boolean> {
	try {
		const instance = await workflow.get(id);
		return (await instance.status()).status !== "unknown";
	} catch {
		return false;
	}
}
