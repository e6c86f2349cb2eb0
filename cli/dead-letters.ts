/** `dead-letters`, `groups`, `dead-letter`, `replay` and `discard`. */
import type { Command } from "commander";
import { parseBody } from "./body.ts";
import type { Context } from "./context.ts";
import {
	addJobOptions,
	checkOptions,
	type JobOptions,
	runJob,
} from "./jobs.ts";
import {
	emptyText,
	lineText,
	printJson,
	printTable,
	stateText,
	timeText,
} from "./print.ts";

export function deadLetterCommands(program: Command, context: Context): void {
	program
		.command("dead-letters [filter...]")
		.description("list the dead letters that match, the latest first")
		.option("--limit <count>", "dead letters in the list", "20")
		.addHelpText(
			"after",
			"\nExample: tidings dead-letters handler:mail/* tag.customer:c42 since:2h",
		)
		.action(async (filter: string[], { limit }: { limit: string }) => {
			const query = { q: filter.join(" "), limit: Number(limit) };
			const page = await context.admin().deadLetters.list(query);
			context.print(page, () => {
				printTable(
					["FAILED", "STATE", "HANDLER", "CAUSE", "ERROR", "ID"],
					page.deadLetters.map((one) => [
						timeText(one.lastFailureAt),
						stateText(one.state),
						one.handler,
						one.cause,
						lineText(`${one.error.name}: ${one.error.message}`, 60),
						one.id,
					]),
					emptyText("dead letter", filter, REPLAYED),
				);
				if (page.deadLetters.length > 0)
					console.log(`${page.deadLetters.length} of ${page.count}`);
			});
		});

	program
		.command("groups [filter...]")
		.description("group dead letters by handler, cause and reason")
		.addHelpText("after", "\nExample: tidings groups since:1d")
		.action(async (filter: string[]) => {
			const found = await context.admin().deadLetters.groups(filter.join(" "));
			context.print(found, () => {
				printTable(
					["COUNT", "HANDLER", "CAUSE", "REASON", "FIRST", "LAST"],
					found.groups.map((one) => [
						one.count,
						one.handler,
						one.cause,
						lineText(one.reason, 60),
						timeText(one.firstFailureAt),
						timeText(one.lastFailureAt),
					]),
					emptyText("dead letter", filter, REPLAYED),
				);
				if (found.uncounted !== undefined)
					console.log(
						`${found.uncounted} dead letters in smaller groups are not counted.`,
					);
			});
		});

	program
		.command("dead-letter <id>")
		.description("show one dead letter with its event")
		.addHelpText(
			"after",
			"\nExample: tidings dead-letter 01a1fc58-179d-7042-a27b-c7a89af9ee02:mail/send-receipt",
		)
		.action(async (id: string) => {
			const letter = await context.admin().deadLetters.get(id);
			if (!letter) throw context.notFound(`dead letter ${id}`);
			printJson(letter);
		});

	for (const action of ["replay", "discard"] as const)
		actCommand(program, action, context);
}

const REPLAYED =
	"See those that were replayed: npx tidings dead-letters state:resolved";

/** `replay` and `discard`: one by its id, or all that match a filter. */
function actCommand(
	program: Command,
	action: "replay" | "discard",
	context: Context,
): void {
	const command = addJobOptions(
		program
			.command(`${action} [id]`)
			.description(`${action} one dead letter, or all that match --q`),
	);
	if (action === "replay")
		command
			.option("--body <json>", "an edited body, of one dead letter")
			.option("--again", "also one that was replayed before");
	command.addHelpText(
		"after",
		`
Examples: tidings ${action} 01a1fc58-179d-7042-a27b-c7a89af9ee02:mail/send-receipt
          tidings ${action} --q "handler:mail/* since:2h" --dry-run`,
	);
	command.action(async (id: string | undefined, options: ActOptions) => {
		const { body, again } = options;
		const single = { "--body": body !== undefined, "--again": again === true };
		checkOptions("a dead letter", id, options, single);
		if (id === undefined)
			return runJob({ action, q: options.q ?? "" }, options, context);
		const { deadLetters } = context.admin();
		const done =
			action === "discard"
				? (await deadLetters.discard(id)) && { id, state: "discarded" }
				: await deadLetters.replay(id, {
						...(body !== undefined && { body: parseBody(body) }),
						...(again && { again }),
					});
		if (!done) throw context.notFound(`dead letter ${id}`);
		context.print(done, () => console.log(stateText(done.state)));
	});
}

interface ActOptions extends JobOptions {
	body?: string;
	again?: boolean;
}
