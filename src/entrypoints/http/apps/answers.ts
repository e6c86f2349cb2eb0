/** The forms of answers about apps, subscriptions and webhooks. */
import * as z from "zod";
import { component, flag, text, whole } from "../openapi/parts.ts";

export const ToolResult = component(
	"ToolResult",
	z.object({ output: z.unknown().optional() }),
);

export const Subscribed = component(
	"Subscribed",
	z.object({
		id: whole,
		state: z.enum(["active", "pending"]),
		error: z.object({ code: text, message: text }).optional(),
	}),
);

export const Unsubscribed = component(
	"Unsubscribed",
	z.object({ unsubscribed: flag }),
);

export const SubscriptionPage = component(
	"SubscriptionPage",
	z.object({
		subscriptions: z.array(
			z.object({
				id: whole,
				app: text,
				tool: text,
				key: z.record(z.string(), z.union([text, z.number(), flag])),
			}),
		),
		after: whole.optional(),
	}),
);

export const WebhookUrl = component("WebhookUrl", z.object({ url: text }));

export const StoredCall = component("StoredCall", z.object({ id: text }));
