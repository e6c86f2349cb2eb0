/** The paths that are ours in a Worker with a user's own `fetch`. It serves none of them. */
import { RefusedError } from "../event/errors.ts";

const API_PATHS = ["/v1", "/health", "/hooks"];

/** Next to a user's own `fetch` and without a prefix, the user's own API may have its description there. */
const DESCRIPTION_PATHS = ["/openapi", "/openapi.json", "/asyncapi.json"];

/** Returns the paths of our API, each with the prefix. */
export function ourPathsAt(prefix: string, hasUserFetch: boolean): string[] {
	const isUsersDescription = hasUserFetch && prefix === "";
	const paths = isUsersDescription
		? API_PATHS
		: [...API_PATHS, ...DESCRIPTION_PATHS];
	return paths.map((path) => prefix + path);
}

export function isUnder(pathname: string, path: string): boolean {
	return pathname === path || pathname.startsWith(`${path}/`);
}

/** Checks the path of the dashboard. @throws RefusedError if it would hide the API or the user's own pages */
export function checkPagesPath(
	path: string,
	prefix: string,
	hasFetch: boolean,
): void {
	const hidden =
		path === "" && hasFetch
			? "your own fetch"
			: API_PATHS.find((ours) => isUnder(path, prefix + ours));
	if (hidden === undefined) return;
	throw new RefusedError(
		"invalid_request",
		`worker: the dashboard at ${JSON.stringify(path || "/")} would hide ${hidden}; give dashboard({ path }) another one, such as "/_tidings"`,
	);
}
