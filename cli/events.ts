/** `events` and `event`: what the journal has recorded. */
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { printTable, timeText } from "./print.ts";
import { EVENT_HEAD, eventRow, lifeText } from "./print-event.ts";

export function eventCommands(program: Command, context: Context): void {
	program
		.command("events [filter...]")
		.description("list the events in the journal that match, the latest first")
		.option("--limit <count>", "events in the list", "20")
		.addHelpText(
			"after",
			"\nExample: tidings events state:dead tag.customer:c42 since:2h",
		)
		.action(async (filter: string[], { limit }: { limit: string }) => {
			const query = { q: filter.join(" "), limit: Number(limit) };
			const page = await context.admin().events.list(query);
			context.print(page, () => {
				printTable(EVENT_HEAD, page.events.map(eventRow));
				if (page.cursor)
					console.log(
						`Searched until ${timeText(page.searchedUntil)}. Give a narrower filter, or a higher --limit.`,
					);
			});
		});

	program
		.command("event <id>")
		.description("show everything that happened to one event")
		.addHelpText(
			"after",
			"\nExample: tidings event 01a1fc58-179d-7042-a27b-c7a89af9ee02",
		)
		.action(async (id: string) => {
			const life = await context.admin().events.get(id);
			if (!life) throw context.notFound(`event ${id} in the journal`);
			context.print(life, () => console.log(lifeText(life)));
		});
}
