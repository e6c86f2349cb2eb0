/** The forms of answers about waiting deliveries and dead letters. */
import * as z from "zod";
import { DEAD_LETTER_STATES } from "../../../event/dead-letter.ts";
import {
	cloudEvent,
	component,
	cursor,
	Failure,
	Head,
	instant,
	tags,
	text,
	whole,
} from "./parts.ts";

const Delivery = component(
	"Delivery",
	z.object({
		id: text,
		event: Head.pick({ id: true, name: true }),
		handler: text,
		state: z.enum(["retrying", "waiting"]),
		reason: text.optional(),
		at: instant,
		firstAttemptAt: instant.optional(),
		error: Failure.optional(),
		tags: tags.optional(),
		attempt: whole,
		limit: whole.nullable().optional(),
		retryAt: instant,
	}),
);

export const DeliveryPage = component(
	"DeliveryPage",
	z.object({ deliveries: z.array(Delivery), cursor }),
);

export const Retried = component(
	"Retried",
	z.object({ id: text, retried: z.literal(true) }),
);

export const DeadLetter = component(
	"DeadLetter",
	z.object({
		id: text,
		state: z.enum(DEAD_LETTER_STATES),
		changedAt: instant,
		event: Head.extend({
			tags: tags.optional(),
			cloudEvent: cloudEvent.optional(),
			body: z.unknown().optional(),
		}),
		handler: text,
		cause: text,
		error: Failure,
		attempts: whole,
		firstFailureAt: instant,
		lastFailureAt: instant,
		replays: whole,
		history: z.array(
			z.object({
				at: instant,
				attempts: whole,
				replay: whole,
				cause: text,
				error: Failure,
			}),
		),
		preview: text.nullable().optional(),
		deploy: text,
	}),
);

export const DeadLetterPage = component(
	"DeadLetterPage",
	z.object({
		deadLetters: z.array(DeadLetter),
		cursor,
		count: whole,
		countedUntil: instant.optional(),
	}),
);

export const DeadLetterGroups = component(
	"DeadLetterGroups",
	z.object({
		groups: z.array(
			z.object({
				handler: text,
				cause: text,
				reason: text,
				count: whole,
				firstFailureAt: instant,
				lastFailureAt: instant,
				deploy: text,
			}),
		),
		uncounted: whole.describe("in smaller groups").optional(),
		countedUntil: instant.optional(),
	}),
);

export const Replayed = component(
	"Replayed",
	z.object({ id: text, replay: whole, state: z.literal("replaying") }),
);
