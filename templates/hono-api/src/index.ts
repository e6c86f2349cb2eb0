/** The Worker: the routes of the API, and the consumer of its events. */
import { worker } from "tidings/worker";
import { events } from "./events.ts";
import { app } from "./routes.ts";

export default worker<Env>(events, { fetch: app.fetch });
export * from "tidings/objects";
