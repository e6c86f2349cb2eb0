/** Door: apps, which declare events in `events.json` and subscribe to each other's. It adds names, and no mechanism. */
export {
	type App,
	type AppModule,
	type AppOptions,
	createApp,
} from "../apps/app.ts";
export type {
	Capabilities,
	EventCapability,
	StorageCapability,
} from "../apps/capabilities.ts";
export type { HookModule, Verify } from "../apps/hook.ts";
export type { AppStorage } from "../apps/storage.ts";
export type { Capability } from "../contract/app.ts";
export type { Sent } from "../contract/app-door.ts";
export type { Subscribed } from "../contract/subscription.ts";
export type {
	HookRequest,
	Trigger,
	Trigger as WebhookPayload,
} from "../contract/trigger.ts";
export {
	githubSignature,
	hmacSignature,
	standardWebhooks,
	stripeSignature,
} from "./apps/verify.ts";
