/** The Worker: the routes of the API, the consumer of its events, and the dashboard at `/_tidings`. */
import { dashboard } from "tidings/dashboard";
import { selftest } from "tidings/selftest";
import { worker } from "tidings/worker";
import { events } from "./events.ts";
import { app } from "./routes.ts";

export default worker<Env>(events, {
	fetch: app.fetch,
	dashboard: dashboard(),
	selftest: selftest(),
});
export * from "tidings/objects";
