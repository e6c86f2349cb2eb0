/** One Worker with the code of three products: each document's samples, on one bus and one set of queues. */
import "./ampt/src/handlers.generated.ts";
import "./ampt/src/api/publish-now.ts";
import "./sst/stacks/MyStack.ts";
import "./sst/src/handlers.generated.ts";
import "./tsc-run/src/handlers.generated.ts";
import { tscRun } from "tidings/tsc-run";
import { publisher, worker } from "tidings/worker";
import { post } from "./ampt/api.ts";
import { observed } from "./observed.ts";
import config from "./tsc-run/tsc-run.config.ts";

const events = observed(tscRun(config));

export default worker(events, { fetch: post });
export const Publisher = publisher(events);
export { DeadLetters, Payloads, Scheduler } from "tidings/objects";
