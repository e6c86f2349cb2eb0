/** The environment of this Worker: bindings and vars. Only `platform/` reads it. */
import { env } from "cloudflare:workers";

/** Finds a binding or a var of this Worker. */
export function binding<Value>(name: string): Value | undefined {
	return (env as unknown as Record<string, Value | undefined>)[name];
}

/** The whole environment, for functions that a user writes. */
export function environment(): Cloudflare.Env {
	return env as Cloudflare.Env;
}

/** Whether this Worker owns the events: it has a binding of their queue. */
export function ownsEvents(): boolean {
	return "EVENTS_QUEUE" in env;
}
