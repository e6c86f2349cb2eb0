/**
 * Entry point of the dashboard. Only a Worker that imports it bundles it: `worker(events, { dashboard: dashboard() })`.
 */
export {
	type Dashboard,
	type DashboardOptions,
	dashboard,
} from "./dashboard/dashboard.ts";
export type { Access } from "./dashboard/host.ts";
