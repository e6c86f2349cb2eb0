/** Stand-in for the module `cloudflare:workers`. It uses the platform of the running isolate. */
import { here } from "./isolate.ts";

function leading(find: () => object): object {
	return new Proxy(
		{},
		{
			get: (_, key) => Reflect.get(find(), key),
			has: (_, key) => Reflect.has(find(), key),
		},
	);
}

export const env = leading(() => here().env);

export const exports = leading(() => here().platform.exports);

/** No request is traced. */
export const tracing = {};

export function waitUntil(promise: Promise<unknown>): void {
	here().waitUntil(promise);
}

export class DurableObject {
	readonly ctx: unknown;
	readonly env: unknown;

	constructor(ctx: unknown, env: unknown) {
		this.ctx = ctx;
		this.env = env;
	}
}

export class WorkerEntrypoint extends DurableObject {}
