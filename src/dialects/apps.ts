/**
 * Entry point `tidings/apps`: apps declare events in `events.json` and subscribe to events of other apps. It exports
 * names and contains no code. A Worker that only declares apps uses `createApp`, and does not bundle what `apps()`
 * adds.
 */
export { type App, type AppOptions, createApp } from "../apps/app.ts";
export type { AppModule } from "../apps/app-handlers.ts";
export type { AppEventToSend } from "../apps/app-host.ts";
export type {
	Capabilities,
	EventCapability,
	StorageCapability,
} from "../apps/capabilities.ts";
export type { Capability } from "../apps/declaration-schema.ts";
export type { AppStorage } from "../apps/storage.ts";
export type { Subscribed } from "../apps/subscriptions/subscription.ts";
export type {
	HookRequest,
	Trigger,
	Trigger as WebhookPayload,
} from "../apps/webhooks/trigger.ts";
export {
	githubSignature,
	hmacSignature,
	shopifySignature,
} from "../apps/webhooks/verify/hmac.ts";
export {
	respondToSlack,
	slackSignature,
} from "../apps/webhooks/verify/slack.ts";
export {
	standardWebhooks,
	svixSignature,
} from "../apps/webhooks/verify/standard-webhooks.ts";
export { stripeSignature } from "../apps/webhooks/verify/stripe.ts";
export { twilioSignature } from "../apps/webhooks/verify/twilio.ts";
export type {
	HookModule,
	Verified,
	Verify,
} from "../apps/webhooks/webhook-module.ts";
export { type Apps, apps } from "../entrypoints/apps.ts";
