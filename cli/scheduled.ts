/** `scheduled`, `cancel` and `reschedule`. */
import type { Command } from "commander";
import { parseAfter } from "./after.ts";
import type { Context } from "./context.ts";
import {
	addJobOptions,
	checkOptions,
	type JobOptions,
	runJob,
} from "./jobs.ts";
import { durationText, emptyText, printTable, timeText } from "./print.ts";

export function scheduledCommands(program: Command, context: Context): void {
	program
		.command("scheduled [filter...]")
		.description("list the scheduled events that match, the earliest due first")
		.option("--limit <count>", "events in the list", "20")
		.addHelpText("after", "\nExample: tidings scheduled name:order.**")
		.action(async (filter: string[], { limit }: { limit: string }) => {
			const query = { q: filter.join(" "), limit: Number(limit) };
			const page = await context.admin().scheduled.list(query);
			context.print(page, () =>
				printTable(
					["DUE", "IN", "NAME", "ID"],
					page.scheduled.map(({ dueAt, name, id }) => [
						timeText(dueAt),
						durationText(dueAt - Date.now()),
						name,
						id,
					]),
					emptyText(
						"scheduled event",
						filter,
						"Schedule one: npx tidings publish <name> '<body>' --after 2h",
					),
				),
			);
		});

	addJobOptions(
		program
			.command("cancel [id]")
			.description("cancel one scheduled event, or all that match --q"),
	)
		.addHelpText(
			"after",
			`
Examples: tidings cancel 01a1fc58-179d-7042-a27b-c7a89af9ee02
          tidings cancel --q "name:order.reminded" --dry-run`,
		)
		.action(async (id: string | undefined, options: JobOptions) => {
			checkOptions("a scheduled event", id, options);
			if (id === undefined)
				return runJob(
					{ action: "cancel", q: options.q ?? "" },
					options,
					context,
				);
			if (!(await context.admin().scheduled.cancel(id)))
				throw context.notFound(`scheduled event ${id}`);
			context.print({ id, cancelled: true }, () => console.log("cancelled"));
		});

	program
		.command("reschedule <id> <after>")
		.description('move a scheduled event, such as to "2 days" from now')
		.addHelpText(
			"after",
			'\nExample: tidings reschedule 01a1fc58-179d-7042-a27b-c7a89af9ee02 "2 days"',
		)
		.action(async (id: string, after: string) => {
			const { scheduled } = context.admin();
			const receipt = await scheduled.reschedule(id, parseAfter(after));
			if (!receipt) throw context.notFound(`scheduled event ${id}`);
			const { time, delay } = receipt;
			context.print(receipt, () =>
				console.log(`due ${timeText(time + delay)}`),
			);
		});
}
