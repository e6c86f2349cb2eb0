/** `deliveries`: lists what waits for a retry, tries one delivery at once, or cancels it. */
import type { Command } from "commander";
import type { Context } from "./context.ts";
import {
	durationText,
	emptyText,
	lineText,
	printTable,
	stateText,
	timeText,
} from "./print.ts";

export function deliveryCommands(program: Command, context: Context): void {
	program
		.command("deliveries [filter...]")
		.description(
			"list deliveries that wait more than 10 minutes, the next first",
		)
		.option("--limit <count>", "deliveries in the list", "20")
		.option("--retry <id>", "try this delivery at once")
		.option("--cancel <id>", "cancel this delivery")
		.addHelpText(
			"after",
			`
Examples: tidings deliveries state:waiting
          tidings deliveries --retry 01a1fc58-179d-7042-a27b-c7a89af9ee02:mail/send-receipt`,
		)
		.action(async (filter: string[], options: DeliveryOptions) => {
			const { deliveries } = context.admin();
			for (const action of ["retry", "cancel"] as const) {
				const id = options[action];
				if (id === undefined) continue;
				if (!(await deliveries[action](id)))
					throw context.notFound(`waiting delivery ${id}`);
				context.print({ id, action }, () => console.log(`${action}: ${id}`));
				return;
			}
			const query = { q: filter.join(" "), limit: Number(options.limit) };
			const page = await deliveries.list(query);
			context.print(page, () =>
				printTable(
					["NEXT", "IN", "STATE", "ATTEMPT", "ERROR", "ID"],
					page.deliveries.map((one) => [
						timeText(one.retryAt),
						durationText(one.retryAt - Date.now()),
						stateText(one.state),
						one.limit === undefined || one.limit === null
							? one.attempt
							: `${one.attempt} of ${one.limit + 1}`,
						one.error
							? lineText(`${one.error.name}: ${one.error.message}`, 60)
							: (one.reason ?? ""),
						one.id,
					]),
					emptyText(
						"delivery that waits more than 10 minutes",
						filter,
						"See shorter waits: npx tidings events state:retrying",
					),
				),
			);
		});
}

interface DeliveryOptions {
	limit: string;
	retry?: string;
	cancel?: string;
}
