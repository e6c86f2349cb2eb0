/** A Worker that has only the binding, and publishes by each dialect. It makes no bus and registers no handler. */
import { events as ampt } from "tidings/ampt";
import { createEventBuilder, ZodValidator } from "tidings/sst";
import { events as tscRun } from "tidings/tsc-run";
import * as z from "zod";

const event = createEventBuilder({ bus: "bus", validator: ZodValidator });
const Created = event("todo.created", z.object({ id: z.string() }));

const ways: Record<string, () => Promise<unknown>> = {
	"/ampt": () => ampt.publish("user.joined", { email: "newuser@example.com" }),
	"/sst": () => Created.publish({ id: "t1" }),
	"/sst-invalid": () => Created.publish({ id: 5 as never }),
	"/tsc-run": () => tscRun.emit("user.verified", { id: "u1" }),
};

export default {
	async fetch(request) {
		try {
			return Response.json(await ways[new URL(request.url).pathname]?.());
		} catch (error) {
			const { name, code, issues } = error as Record<string, unknown>;
			return Response.json({ name, code, issues }, { status: 400 });
		}
	},
} satisfies ExportedHandler;
