/** `erase`: removes what is stored of one person's events. */
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { runJob } from "./jobs.ts";
import { UsageError } from "./usage-error.ts";

const TAG = /^(tag\.[^:\s]+):(.+)$/s;

export function eraseCommand(program: Command, context: Context): void {
	program
		.command("erase <tag.key:value>")
		.description("erase one person from every store; it cannot be undone")
		.option("--until <time>", "only events that were published before it")
		.option("--dry-run", "only count what would be erased")
		.option("--no-wait", "do not wait for the end of the job")
		.addHelpText(
			"after",
			`
Examples: tidings erase tag.customer:c42 --dry-run
          tidings erase tag.customer:c42 --until 2026-11-28T15:00Z`,
		)
		.action(
			async (
				tag: string,
				options: { until?: string; dryRun?: boolean; wait: boolean },
			) => {
				const [, key, value = ""] = TAG.exec(tag) ?? [];
				if (key === undefined)
					throw new UsageError("Give one tag, such as tag.customer:c42.");
				// The shell has removed quotes around a value with spaces.
				const q = `${key}:${/[\s"]/.test(value) ? quoted(value) : value}`;
				const { until, dryRun, wait } = options;
				const all = until === undefined ? q : `${q} until:${until}`;
				const job = { action: "erase", q: all } as const;
				await runJob(job, { ...(dryRun && { dryRun }), wait }, context);
			},
		);
}

function quoted(value: string): string {
	return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}
