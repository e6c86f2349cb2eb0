/** `dead-letters`, `groups`, `dead-letter`, `replay`, `discard` and `jobs`. */
import type { Command } from "commander";
import type { Job } from "../src/admin.ts";
import { parseBody } from "./body.ts";
import type { Context } from "./context.ts";
import {
	lineText,
	printJson,
	printTable,
	stateText,
	timeText,
} from "./print.ts";
import { UsageError } from "./usage-error.ts";

export function deadLetterCommands(program: Command, context: Context): void {
	program
		.command("dead-letters [filter...]")
		.description("list the dead letters that match, the latest first")
		.option("--limit <count>", "dead letters in the list", "20")
		.action(async (filter: string[], { limit }: { limit: string }) => {
			const query = { q: filter.join(" "), limit: Number(limit) };
			const page = await context.admin().deadLetters.list(query);
			context.print(page, () => {
				printTable(
					["FAILED", "STATE", "HANDLER", "CAUSE", "ERROR", "ID"],
					page.deadLetters.map((one) => [
						...[timeText(one.lastFailureAt), stateText(one.state)],
						...[one.handler, one.cause],
						lineText(`${one.error.name}: ${one.error.message}`, 60),
						one.id,
					]),
				);
				console.log(`${page.deadLetters.length} of ${page.count}`);
			});
		});

	program
		.command("groups [filter...]")
		.description("group dead letters by handler, cause and reason")
		.action(async (filter: string[]) => {
			const found = await context.admin().deadLetters.groups(filter.join(" "));
			context.print(found, () =>
				printTable(
					["COUNT", "HANDLER", "CAUSE", "REASON", "FIRST", "LAST"],
					found.groups.map((one) => [
						...[one.count, one.handler, one.cause, lineText(one.reason, 60)],
						...[timeText(one.firstFailureAt), timeText(one.lastFailureAt)],
					]),
				),
			);
		});

	program
		.command("dead-letter <id>")
		.description("show one dead letter with its event")
		.action(async (id: string) => {
			const letter = await context.admin().deadLetters.get(id);
			if (!letter) throw context.notFound(`dead letter ${id}`);
			printJson(letter);
		});

	for (const action of ["replay", "discard"] as const)
		actCommand(program, action, context);

	program
		.command("jobs [id]")
		.description("list jobs, or show one")
		.option("--stop", "stop the job")
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

/** `replay` and `discard`: one by its id, or all that match a filter. */
function actCommand(
	program: Command,
	action: "replay" | "discard",
	context: Context,
): void {
	const command = program
		.command(`${action} [id]`)
		.description(`${action} one dead letter, or all that match --q`)
		.option("--q <filter>", "all that match, as a job")
		.option("--dry-run", "only count them")
		.option("--no-wait", "do not wait for the end of the job");
	if (action === "replay")
		command
			.option("--body <json>", "an edited body, of one dead letter")
			.option("--again", "also one that was replayed before");
	command.action(async (id: string | undefined, options: ActOptions) => {
		if ((id === undefined) === (options.q === undefined))
			throw new UsageError(`Give the id of a dead letter, or --q <filter>.`);
		checkOptions(id !== undefined, options);
		if (id === undefined) return runJob(action, options, context);
		const { deadLetters } = context.admin();
		const { body, again } = options;
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

interface ActOptions {
	q?: string;
	dryRun?: boolean;
	wait: boolean;
	body?: string;
	again?: boolean;
}

/** An ignored `--dry-run` would act. @throws UsageError */
function checkOptions(
	hasId: boolean,
	{ dryRun, wait, body, again }: ActOptions,
): void {
	const wrong = hasId
		? { "--dry-run": dryRun, "--no-wait": !wait }
		: { "--body": body !== undefined, "--again": again };
	const [option] = Object.entries(wrong).find(([, isGiven]) => isGiven) ?? [];
	if (option === undefined) return;
	throw new UsageError(
		hasId
			? `${option} is for a job; give --q <filter> instead of an id.`
			: `${option} is for one dead letter; give its id instead of --q.`,
	);
}

async function runJob(
	action: "replay" | "discard",
	{ q = "", dryRun = false, wait }: ActOptions,
	context: Context,
): Promise<void> {
	const { jobs } = context.admin();
	const { id, count } = await jobs.start({ action, q, dryRun });
	if (id === undefined || !wait)
		return context.print({ id, count }, () =>
			console.log(id === undefined ? `${count} match` : `job ${id}: ${count}`),
		);
	let job: Job | null = null;
	do {
		if (job) await new Promise((resolve) => setTimeout(resolve, 500));
		job = await jobs.get(id);
		if (job && process.stderr.isTTY)
			process.stderr.write(`\r${job.done} of ${job.count} `);
	} while (job?.state === "running");
	if (process.stderr.isTTY) process.stderr.write("\n");
	const ended = job;
	context.print(ended, () => printJobs(ended ? [ended] : []));
	if (ended && ended.failed > 0) process.exitCode = 1;
}

function printJobs(jobs: readonly Job[]): void {
	printTable(
		["STARTED", "STATE", "ACTION", "DONE", "FAILED", "LEFT", "FILTER", "ID"],
		jobs.map((job) => [
			...[timeText(job.startedAt), stateText(job.state), job.action],
			...[job.done, job.failed, job.left, job.q, job.id],
		]),
	);
	for (const { errors } of jobs)
		for (const { id, reason } of errors) console.log(`${id}: ${reason}`);
}
