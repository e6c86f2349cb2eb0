/** Door: the library. It reaches neither objects nor entry points, so a Worker that publishes carries none. */
export type { After } from "./contract/after-form.ts";
export type { BatchItem, PublishOptions } from "./contract/arguments.ts";
export {
	type Config,
	defineConfig,
} from "./contract/config.ts";
export { type Definition, event } from "./contract/definition.ts";
export type { Duration } from "./contract/duration.ts";
export type { Cause } from "./contract/envelope.ts";
export {
	ForbiddenError,
	type Issue,
	PartialPublishError,
	type Receipt,
	type RefusalCode,
	RefusedError,
	ToolFailedError,
	UnauthorizedError,
	UnavailableError,
} from "./contract/errors.ts";
export type { Failure } from "./contract/failure.ts";
export type {
	HandlerContext,
	HandlerFunction,
	HandlerOptions,
	TidingsEvent,
} from "./contract/handler.ts";
export {
	NonRetryableError,
	RetryAfterError,
} from "./contract/handler-errors.ts";
export type { Retries, RetryOptions } from "./contract/policy.ts";
export type { Observe, Transition } from "./contract/transition.ts";
export { createEvents, type Events, type EventsOptions } from "./events.ts";
export { handlerModules } from "./modules.ts";
export { toWorkflow } from "./workflow.ts";
