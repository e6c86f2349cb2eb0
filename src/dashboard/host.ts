/** What the dashboard is given: what its pages read and act on, and who signs its visitors in. Types only. */
import type { AppPorts } from "../apps/app-ports.ts";
import type { Settings } from "../config/settings.ts";
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

export interface AccessOptions {
	/** The name of the team: `acme` of `acme.cloudflareaccess.com`. */
	team: string;
	/** The audience tag of the Access application. */
	audience: string;
	/** What everybody whom Access lets through may do. Default `"read"`. */
	role?: "read" | "admin";
}
