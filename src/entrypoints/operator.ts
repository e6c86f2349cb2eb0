/**
 * The entrypoint `Operator`: the HTTP API of the owner for other Workers of the account, which need no key. It contains
 * no rules: it names the caller, and the API answers.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Hono } from "hono";
import type { Events } from "../events.ts";
import { assembledOf, registrationOf } from "../registration.ts";
import { createApp } from "./http/app.ts";
import { identify } from "./http/keys.ts";
import type { Http } from "./http/routes.ts";

/** The `props` of the service binding. The person who deploys the caller writes them: they limit code, not deployers. */
export interface OperatorProps {
	/** Who acts, as jobs and the journal show it. Default `"operator"`. */
	by?: string;
	/** As those of an API key. Default `["admin"]`. */
	scopes?: readonly string[];
}

/**
 * Creates the entrypoint to export as `Operator` from the Worker that owns the events, for `createAdmin(env.OPERATOR)`.
 *
 * @example
 * export const Operator = operator(events);
 */
export function operator(
	events: Events,
): new (
	ctx: ExecutionContext<OperatorProps>,
	env: Cloudflare.Env,
) => WorkerEntrypoint<Cloudflare.Env, OperatorProps> {
	const registration = registrationOf(events);
	let app: Hono<Http> | undefined;

	return class Operator extends WorkerEntrypoint<
		Cloudflare.Env,
		OperatorProps
	> {
		override async fetch(request: Request): Promise<Response> {
			const { ports, retention } = assembledOf(registration);
			app ??= createApp(ports, "", retention);
			const { by, scopes } = this.ctx.props ?? {};
			identify(request, by ?? "operator", scopesIn(scopes));
			return app.fetch(request, this.env, this.ctx);
		}
	};
}

/** Malformed scopes permit nothing. */
function scopesIn(scopes: unknown = ["admin"]): string[] {
	return Array.isArray(scopes)
		? scopes.filter((scope) => typeof scope === "string")
		: [];
}
