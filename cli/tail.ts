/** `tail`: prints events as they happen. */
import type { Command } from "commander";
import type { Admin } from "../src/admin.ts";
import type { Context } from "./context.ts";
import { eventRow } from "./print-event.ts";
import { UsageError } from "./usage-error.ts";

/** The shortest wait of `tail`, in milliseconds: each request is a search of the journal. */
const MIN_EVERY = 100;

export function tailCommand(program: Command, context: Context): void {
	program
		.command("tail [filter...]")
		.description("print events as they happen, until Ctrl-C")
		.option("--every <ms>", "how often to ask", "1000")
		.addHelpText("after", "\nExample: tidings tail state:dead name:order.**")
		.action(async (filter: string[], { every }: { every: string }) => {
			if (!(Number(every) >= MIN_EVERY))
				throw new UsageError(
					`--every: ${every} is not a wait; give milliseconds, at least ${MIN_EVERY}.`,
				);
			const admin = context.admin();
			for await (const event of newEvents(admin, filter.join(" "), +every))
				context.print(event, () => console.log(eventRow(event).join("  ")));
		});
}

/** Asks again and again for the latest events, and returns each change once. */
async function* newEvents(admin: Admin, q: string, every: number) {
	const seen = new Map<string, number>();
	for (let isFirst = true; ; isFirst = false) {
		const { events } = await admin.events.list({ q, limit: 100 });
		for (const event of events.toReversed()) {
			if ((seen.get(event.id) ?? 0) >= event.at) continue;
			seen.set(event.id, event.at);
			// What was there before the command is not new.
			if (!isFirst) yield event;
		}
		await new Promise((resolve) => setTimeout(resolve, every));
	}
}
