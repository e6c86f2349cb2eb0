/**
 * The entrypoint `Operator`: the HTTP API of the owner for other Workers of the account, which need no key. It contains
 * no rules: it names the caller, and the API answers.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Events } from "../events.ts";
import { type Api, assembledOf, registrationOf } from "../registration.ts";
import { identify } from "./http/keys.ts";

/**
 * The `props` of the service binding. The person who deploys the caller writes them: they limit code, not deployers.
 */
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
	let api: Api | undefined;

	return class Operator extends WorkerEntrypoint<
		Cloudflare.Env,
		OperatorProps
	> {
		override async fetch(request: Request): Promise<Response> {
			api ??= assembledOf(registration).createApi();
			const { by, scopes } = this.ctx.props ?? {};
			identify(request, by ?? "operator", scopesIn(scopes));
			return api.fetch(request, this.env, this.ctx);
		}
	};
}

/** Malformed scopes permit nothing. */
function scopesIn(scopes: unknown = ["admin"]): string[] {
	return Array.isArray(scopes)
		? scopes.filter((scope) => typeof scope === "string")
		: [];
}
