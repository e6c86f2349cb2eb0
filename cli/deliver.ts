/** `deliver`: sends events of the journal to one handler. */
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { runJob } from "./jobs.ts";

interface DeliverOptions {
	handler: string;
	q: string;
	onlyIfNeverRan?: boolean;
	dryRun?: boolean;
	wait: boolean;
}

export function deliverCommand(program: Command, context: Context): void {
	program
		.command("deliver")
		.description("send events of the journal to one handler, as a job")
		.requiredOption("--handler <id>", "the handler that gets them")
		.requiredOption("--q <filter>", "the events that match")
		.option("--only-if-never-ran", "skip events that the handler has seen")
		.option("--dry-run", "only count the events that match")
		.option("--no-wait", "do not wait for the end of the job")
		.addHelpText(
			"after",
			`
Example: tidings deliver --handler mail/send-receipt --q "name:order.paid since:7d" --only-if-never-ran`,
		)
		.action(async (options: DeliverOptions) => {
			const { handler, q, onlyIfNeverRan, dryRun, wait } = options;
			const never = onlyIfNeverRan && { onlyIfNeverRan };
			const job = { action: "deliver", q, handler, ...never } as const;
			await runJob(job, { ...(dryRun && { dryRun }), wait }, context);
		});
}
