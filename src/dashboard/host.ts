/** What the dashboard is given: what its pages read and act on, and who signs its visitors in. Types only. */
import type { AppPorts } from "../apps/app-ports.ts";
import type { Settings } from "../config/settings.ts";
import type { Caller } from "../entrypoints/http/keys.ts";
import type { Ports } from "../ports.ts";

/** What the pages read and act on. */
export interface DashboardHost {
	readonly ports: Ports;
	/** Null if the Worker has no apps. */
	readonly apps: AppPorts | null;
	readonly settings: Settings;
	/** Where the dashboard is, without a slash at its end; empty at the root. */
	readonly path: string;
	/** The prefix of `/v1`, `/health` and `/hooks`. */
	readonly prefix: string;
}

/**
 * Returns a function that identifies the caller of a request that Cloudflare Access has let through. It throws
 * HttpError `unauthorized`, or UnavailableError.
 */
export type Access = (
	ports: Pick<Ports, "clock">,
) => (request: Request) => Promise<Caller>;
