/** `jobs`, and what the commands share that act on all items of a filter: their options, and the wait for their job. */
import type { Command } from "commander";
import type { Job } from "../src/admin.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { printTable, stateText, timeText } from "./print.ts";
import { showProgress } from "./progress.ts";
import { UsageError } from "./usage-error.ts";

/** How often a job is asked for its progress, in milliseconds. */
const POLL = 500;

export interface JobOptions {
	q?: string;
	dryRun?: boolean;
	wait: boolean;
}

export function jobCommands(program: Command, context: Context): void {
	program
		.command("jobs [id]")
		.description("list jobs, or show one")
		.option("--stop", "stop the job")
		.addHelpText(
			"after",
			`
Examples: tidings jobs
          tidings jobs 01a1fc58-179d-7042-a27b-c7a89af9ee02 --stop`,
		)
		.action(async (id: string | undefined, { stop }: { stop?: boolean }) => {
			const { jobs } = context.admin();
			if (id === undefined) {
				if (stop) throw new UsageError("--stop needs the id of a job.");
				const page = await jobs.list();
				context.print(page, () => printJobs(page.jobs));
				return;
			}
			if (stop && !(await jobs.stop(id)))
				throw context.notFound(`running job ${id}`);
			const job = await jobs.get(id);
			if (!job) throw context.notFound(`job ${id}`);
			context.print(job, () => printJobs([job]));
		});
}

/** Adds the options of a command that acts on one item, or on all that match a filter. */
export function addJobOptions(command: Command): Command {
	return command
		.option("--q <filter>", "all that match, as a job")
		.option("--dry-run", "only count them")
		.option("--no-wait", "do not wait for the end of the job");
}

/**
 * Checks that the command got one item or a filter, and no option of the other: an ignored `--dry-run` would act.
 *
 * @param what the item, such as `a dead letter`
 * @param single whether the options of one item are given, by their names
 * @throws UsageError
 */
export function checkOptions(
	what: string,
	id: string | undefined,
	{ q, dryRun, wait }: JobOptions,
	single: Record<string, boolean> = {},
): void {
	if ((id === undefined) === (q === undefined))
		throw new UsageError(`Give the id of ${what}, or --q <filter>.`);
	const wrong =
		id === undefined ? single : { "--dry-run": dryRun, "--no-wait": !wait };
	const [option] = Object.entries(wrong).find(([, isGiven]) => isGiven) ?? [];
	if (option === undefined) return;
	throw new UsageError(
		id === undefined
			? `${option} is for one item; give the id of ${what} instead of --q.`
			: `${option} is for a job; give --q <filter> instead of an id.`,
	);
}

/** Starts a job and waits for its end. A job that does not act on all of its items sets the exit code. */
export async function runJob(
	job: Pick<Job, "action" | "q" | "handler" | "onlyIfNeverRan">,
	{ dryRun = false, wait }: Omit<JobOptions, "q">,
	context: Context,
): Promise<void> {
	const { jobs } = context.admin();
	const started = await jobs.start({ ...job, dryRun });
	const { id, count, atLeast = false } = started;
	const many = `${atLeast ? "at least " : ""}${count}`;
	if (id === undefined || !wait)
		return context.print(started, () =>
			console.log(id === undefined ? `${many} match` : `job ${id}: ${many}`),
		);
	const progress = showProgress(`job ${id}`);
	let ended = await jobs.get(id);
	while (ended?.state === "running") {
		progress.update(ended.done + ended.failed, ended.count);
		await new Promise((resolve) => setTimeout(resolve, POLL));
		ended = await jobs.get(id);
	}
	progress.end();
	if (!ended) throw context.notFound(`job ${id}`);
	const found = ended;
	context.print(found, () => printJobs([found]));
	if (ended.failed > 0 || ended.state === "stopped")
		process.exitCode = EXIT.failed;
}

function printJobs(jobs: readonly Job[]): void {
	printTable(
		["STARTED", "STATE", "ACTION", "DONE", "FAILED", "LEFT", "FILTER", "ID"],
		jobs.map((job) => [
			timeText(job.startedAt),
			stateText(job.state),
			job.action,
			job.done,
			job.failed,
			job.left,
			job.q,
			job.id,
		]),
		"No job. Start one: npx tidings replay --q since:2h",
	);
	for (const { errors, counts, remaining } of jobs) {
		for (const { id, reason } of errors) console.log(`${id}: ${reason}`);
		for (const [what, count] of Object.entries(counts ?? {}))
			if (count > 0) console.log(`${what}: ${count}`);
		for (const [what, at] of Object.entries(remaining ?? {}))
			console.log(`${what}: not reached; the last ends at ${timeText(at)}`);
	}
}
