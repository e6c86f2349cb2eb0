/** The options of the dashboard, and what `worker()` needs of it. It serves no request itself. */
import { openapiPage } from "../entrypoints/http/openapi/page.ts";
import type { OpenapiPage } from "../entrypoints/http/openapi/serve.ts";
import { RefusedError } from "../event/errors.ts";
import { rejectUnknownKeys, show } from "../event/validation.ts";
import { createPages } from "./app.tsx";
import type { Access, DashboardHost } from "./host.ts";

export interface DashboardOptions {
	/** Where it is served, after the prefix of `worker()`. Default: `/`, or `/_tidings` next to a `fetch` of your own. */
	path?: string;
	/**
	 * `access({ team, audience })` of `tidings/dashboard/access`: signs in whom Cloudflare Access has let through, instead
	 * of API keys.
	 */
	access?: Access;
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
 * @throws RefusedError `invalid_request` for an unknown option, an invalid path
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
	if (access !== undefined && typeof access !== "function")
		throw refused(
			`access ${show(access)} is not what access() returns; import { access } from "tidings/dashboard/access", and give access({ team, audience })`,
		);
	return {
		...(path !== undefined && { path: path === "/" ? "" : path }),
		openapiPage,
		serve: (host) => createPages(host, access),
	};
}

function refused(why: string): RefusedError {
	return new RefusedError("invalid_request", `dashboard: ${why}`);
}
