/** `events` and `event`: what the journal has recorded. */
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { wholeId } from "./find-event.ts";
import { emptyText, printTable, timeText } from "./print.ts";
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
				const hint = "Publish one: npx tidings publish <name> '<body>'";
				const empty = emptyText("event", filter, hint);
				printTable(EVENT_HEAD, page.events.map(eventRow), empty);
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
			`
The beginning of an id, or the six characters that tidings dev shows, is enough.
Examples: tidings event 01a1fc58-179d-7042-a27b-c7a89af9ee02
          tidings event 9af9ee`,
		)
		.action(async (id: string) => {
			const admin = context.admin();
			const life = await admin.events.get(await wholeId(id, admin));
			if (!life) throw context.notFound(`event ${id} in the journal`);
			context.print(life, () => console.log(lifeText(life)));
		});
}
