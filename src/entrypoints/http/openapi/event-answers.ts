/** The forms of answers about events. */
import * as z from "zod";
import {
	cloudEvent,
	component,
	cursor,
	Failure,
	Head,
	instant,
	Receipt,
	tags,
	text,
	whole,
} from "./parts.ts";

export const Published = component(
	"Published",
	z.union([Receipt, z.object({ receipts: z.array(Receipt) })]),
);

const Attempt = component(
	"Attempt",
	z.object({
		state: text,
		at: instant,
		attempt: whole.optional(),
		startedAt: instant.optional(),
		error: Failure.optional(),
		cause: text.optional(),
		retryAt: instant.optional(),
		reason: text.optional(),
	}),
);

export const Event = component(
	"Event",
	Head.extend({
		delay: Head.shape.delay.optional(),
		by: text.optional(),
		tags: tags.optional(),
		trace: text.optional(),
		cloudEvent: cloudEvent.optional(),
		state: text,
		at: instant,
		queuedMs: whole.optional(),
		dueAt: instant.optional(),
		body: text.describe("JSON, as recorded").optional(),
		bodyBytes: whole.describe("of the whole body, if it was cut").optional(),
		actions: z.array(
			z.object({
				type: z.enum(["rescheduled", "cancelled", "replayed", "discarded"]),
				at: instant,
				by: text.optional(),
				handler: text.optional(),
			}),
		),
		reference: text.describe("of a body that is stored apart").optional(),
		unreadable: whole.describe("pages that may have more of it").optional(),
		erasedAt: instant.optional(),
		deliveries: z.array(
			z.object({ handler: text, state: text, attempts: z.array(Attempt) }),
		),
	}),
);

export const EventPage = component(
	"EventPage",
	z.object({
		events: z.array(Event),
		cursor,
		searchedUntil: instant,
		unreadable: whole,
	}),
);

export const ScheduledPage = component(
	"ScheduledPage",
	z.object({
		scheduled: z.array(Head.extend({ dueAt: instant, tags: tags.optional() })),
		cursor,
	}),
);
