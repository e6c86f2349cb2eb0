/**
 * Parts of the forms of answers. A form describes answers for clients; nothing validates with it at run time. The tests
 * check every answer that they get.
 */
import * as z from "zod";

/** The names of forms. A registry of its own, because users may give names to their schemas in the global one. */
export const named = z.registry<{ id: string }>();

export const components = new Map<string, z.ZodType>();

/** Gives a form its name in the description. Generated clients have a type of this name. */
export function component<Schema extends z.ZodType>(
	id: string,
	schema: Schema,
): Schema {
	named.add(schema, { id });
	components.set(id, schema);
	return schema;
}

export const text = z.string();
export const whole = z.int();
export const flag = z.boolean();
export const instant = z.int().describe("epoch milliseconds");
export const duration = z.int().describe("milliseconds");
export const tags = z.record(z.string(), z.string());
export const cloudEvent = z
	.record(z.string(), z.union([z.string(), z.boolean(), z.number()]))
	.describe("attributes of the CloudEvent that it was published as");

export const CloudEvent = component(
	"CloudEvent",
	z.looseObject({
		specversion: z.literal("1.0"),
		id: z.string(),
		source: z.string(),
		type: z.string(),
		data: z.unknown().optional(),
	}),
);

export const CloudEvents = component("CloudEvents", z.array(CloudEvent));

/** Absent on the last page. */
export const cursor = z.string().optional();

export const Head = z.object({
	id: text,
	name: text,
	time: instant,
	delay: duration,
});

export const Receipt = component("Receipt", Head.omit({ name: true }));

export const Issue = component(
	"Issue",
	z.object({ path: text, message: text }),
);

export const Failure = component(
	"Failure",
	z.object({
		name: text,
		message: text,
		stack: text.optional(),
		issues: z.array(Issue).optional(),
		get cause() {
			return Failure.optional();
		},
		get errors() {
			return z.array(Failure).optional();
		},
	}),
);
