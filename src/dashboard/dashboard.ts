/** The options of the dashboard, and what `worker()` needs of it. It serves no request itself. */
import { openapiPage } from "../entrypoints/http/openapi/page.ts";
import type { OpenapiPage } from "../entrypoints/http/openapi/routes.ts";
import { RefusedError } from "../event/errors.ts";
import { isText, rejectUnknownKeys, show } from "../event/validation.ts";
import { createPages } from "./app.tsx";
import type { AccessOptions, DashboardHost } from "./host.ts";

export interface DashboardOptions {
	/** Where it is served, after the prefix of `worker()`. Default: `/`, or `/_tidings` next to a `fetch` of your own. */
	path?: string;
	/** Signs in whom Cloudflare Access has let through, instead of API keys. */
	access?: AccessOptions;
}

type Serve = (
	request: Request,
	env: Cloudflare.Env,
	ctx: ExecutionContext,
) => Response | Promise<Response>;

/** For the option `dashboard` of `worker()`. */
export interface Dashboard {
	/** Without a slash at its end; absent if it was not given. */
	readonly path?: string;
	/** Called once, by `worker()`. */
	serve(host: DashboardHost): Serve;
	/** Shows the description of the API at `/openapi`. */
	readonly openapiPage: OpenapiPage;
}

/**
 * Creates the dashboard, for `worker(events, { dashboard: dashboard() })`.
 *
 * @throws RefusedError `invalid_request` for an unknown option, an invalid path, team, audience or role
 * @example
 * export default worker(events, { dashboard: dashboard() });
 */
export function dashboard(options: DashboardOptions = {}): Dashboard {
	rejectUnknownKeys("dashboard", options, ["path", "access"]);
	const { path, access } = options;
	if (path !== undefined && !/^(\/|(\/[A-Za-z0-9._~-]+)+)$/.test(path))
		throw refused(
			`path ${show(path)} is not a path; use one such as "/_tidings", without a slash at its end`,
		);
	if (access) checkAccess(access);
	return {
		...(path !== undefined && { path: path === "/" ? "" : path }),
		openapiPage,
		serve: (host) => createPages(host, access),
	};
}

function checkAccess(access: AccessOptions): void {
	rejectUnknownKeys("dashboard: access", access, ["team", "audience", "role"]);
	const { team, audience, role = "read" } = access;
	if (typeof team !== "string" || !/^[a-z0-9-]{1,63}$/.test(team))
		throw refused(
			`access.team ${show(team)} is not the name of a team; use acme for acme.cloudflareaccess.com`,
		);
	if (!isText(audience))
		throw refused(
			`access.audience ${show(audience)} is not an audience; give the AUD tag of the Access application`,
		);
	if (role !== "read" && role !== "admin")
		throw refused(`access.role ${show(role)} is unknown; use read or admin`);
}

function refused(why: string): RefusedError {
	return new RefusedError("invalid_request", `dashboard: ${why}`);
}
