/** `tail`: prints events as they happen; on a terminal, opens and replays them. */
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { LIMIT, looking } from "./look.ts";
import { eventRow } from "./print-event.ts";
import { showTail } from "./tail-view.ts";
import { UsageError } from "./usage-error.ts";

/** The shortest wait of `tail`, in milliseconds: each request is a search of the journal. */
const MIN_EVERY = 100;

export function tailCommand(program: Command, context: Context): void {
	program
		.command("tail [filter...]")
		.description("print events as they happen, until Ctrl-C")
		.option("--every <ms>", "how often to ask", "1000")
		.option("--plain", "print lines on a terminal, too")
		.addHelpText(
			"after",
			`
On a terminal, j and k or the arrows select an event, o opens its timeline, r replays its dead letters, q quits.
Examples: tidings tail state:dead name:order.**
          tidings --json tail tag.customer:c42 | jq .state`,
		)
		.action(async (filter: string[], { every, plain }: TailOptions) => {
			if (!(Number(every) >= MIN_EVERY))
				throw new UsageError(
					`--every: ${every} is not a wait; give milliseconds, at least ${MIN_EVERY}.`,
				);
			const q = filter.join(" ");
			const admin = context.admin();
			const look = looking(admin, q);
			const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
			if (isTerminal && !plain && !context.isJson())
				return showTail({ admin, q, every: +every, look });
			// Events from before the command are not new.
			await look();
			for (;;) {
				await pause(+every);
				const { changed, hasMissed } = await look();
				if (hasMissed) console.error(MISSED);
				for (const event of changed)
					context.print(event, () => console.log(eventRow(event).join("  ")));
			}
		});
}

interface TailOptions {
	every: string;
	plain?: boolean;
}

const MISSED = `More than ${LIMIT} events since the last look: some are not shown. Give a filter, or a shorter --every.`;
