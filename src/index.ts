/** Entry point of the library. It imports neither objects nor `entrypoints/`, so a publishing Worker bundles none. */

export {
	type Config,
	defineConfig,
} from "./config/config.ts";
export type { After } from "./event/after-form.ts";
export type { BatchItem } from "./event/catalogue.ts";
export type { CloudEventAttributes } from "./event/cloud-events/attributes.ts";
export {
	type CloudEvent,
	cloudEventInit,
	toCloudEvent,
} from "./event/cloud-events/write.ts";
export type { PublishOptions } from "./event/definition.ts";
export { type Definition, event } from "./event/definition.ts";
export type { Duration } from "./event/duration.ts";
export type { Cause, TidingsEvent } from "./event/envelope.ts";
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
} from "./event/errors.ts";
export type { Failure } from "./event/failure.ts";
export type { Observe, Transition } from "./event/transition.ts";
export { createEvents, type Events, type EventsOptions } from "./events.ts";
export type {
	HandlerContext,
	HandlerFunction,
	HandlerOptions,
} from "./handlers/handler.ts";
export {
	NonRetryableError,
	RetryAfterError,
} from "./handlers/handler-errors.ts";
export { handlerModules } from "./handlers/modules.ts";
export type { Retries, RetryOptions } from "./handlers/retry-policy.ts";
export { toWorkflow } from "./handlers/to-workflow.ts";
