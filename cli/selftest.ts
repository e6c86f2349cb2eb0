/** `selftest`: starts a run of the selftest in a Worker, waits until its canaries have arrived, and reports on them. */
import type { Command } from "commander";
import type { Admin, SelftestReport } from "../src/admin.ts";
import { milliseconds } from "../src/event/duration.ts";
import { RUN_TIME } from "../src/selftest/canary.ts";
import type { Figures } from "../src/selftest/figures.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { durationText, lineText, printTable, stateText } from "./print.ts";
import { showProgress } from "./progress.ts";
import { UsageError } from "./usage-error.ts";

/** How often the Worker is asked for its report, in milliseconds. Each answer reads the journal. */
const POLL = 500;

/** A run with the figures of its publishes, which only the answer to its start has. */
type Report = SelftestReport & { publish: Figures };

export function selftestCommand(program: Command, context: Context): void {
	program
		.command("selftest")
		.description(
			`prove that events arrive in a deployed Worker; the exit code is ${EXIT.notHealthy} if one does not`,
		)
		.option("--timeout <duration>", "wait at most this long", "60 seconds")
		.addHelpText(
			"after",
			`
Examples: tidings selftest --url https://events.example.com --key tid_ci_…
          tidings --json selftest --timeout "2 minutes"
The key needs the scope admin. What a run stores is removed after ${durationText(RUN_TIME)}, except its entries in the journal.`,
		)
		.action(async ({ timeout }: { timeout: string }) => {
			const ms = timeoutOf(timeout);
			const report = await runSelftest(context.admin(), Date.now() + ms);
			const isPassed = report.state === "passed";
			if (!isPassed) process.exitCode = EXIT.notHealthy;
			context.print(report, () => printReport(report));
			if (isPassed) return;
			for (const line of problemsIn(report, ms)) console.error(line);
		});
}

/** @throws UsageError */
function timeoutOf(text: string): number {
	try {
		const ms = milliseconds(
			/^\d+$/.test(text) ? Number(text) : (text as `${number} ${string}`),
			"--timeout",
		);
		if (ms <= RUN_TIME) return ms;
	} catch (error) {
		throw new UsageError((error as Error).message);
	}
	throw new UsageError(
		`--timeout: ${text} is longer than a run; give at most ${durationText(RUN_TIME)}.`,
	);
}

/** @param until when to stop waiting, in epoch milliseconds */
async function runSelftest(
	{ selftest }: Admin,
	until: number,
): Promise<Report> {
	const { run, count, publish } = await selftest.start();
	const progress = showProgress("canaries");
	try {
		for (;;) {
			await new Promise((resolve) => setTimeout(resolve, POLL));
			const isOver = Date.now() >= until;
			const report = await selftest.get(run).catch((error) => {
				// One request that fails says nothing of the canaries.
				if (isOver || error.code !== "unavailable") throw error;
				return null;
			});
			if (report && (isOver || report.state !== "running"))
				return { ...report, publish };
			if (isOver)
				throw new Error(
					`The journal has nothing of the run ${run}: its entries cannot be written. See the log of the Worker.`,
				);
			const passed = report?.canaries.map((one) => one.passed) ?? [];
			progress.update(
				passed.reduce((sum, one) => sum + one, 0),
				count,
			);
		}
	} finally {
		progress.end();
	}
}

function nameOf({
	name,
	lane,
	worker,
}: SelftestReport["canaries"][number]): string {
	return [name, lane ?? worker].filter(Boolean).join(" ");
}

function printReport(report: Report): void {
	printTable(
		["CANARY", "STATE", "AS EXPECTED", "ATTEMPTS"],
		report.canaries.map((one) => [
			nameOf(one),
			stateText(one.state),
			`${one.passed} of ${one.count}`,
			one.attempts,
		]),
	);
	console.log("");
	const textOf = (ms: number | null) => (ms === null ? "" : durationText(ms));
	printTable(
		["", "MEDIAN", "P99", "OF"],
		(["publish", "delivery", "lateness"] as const).map((name) => {
			const { median, p99, count } = report[name];
			return [name, textOf(median), textOf(p99), count];
		}),
	);
	console.log(`\nrun ${report.run}: ${stateText(report.state)}`);
}

/** A line for each canary that has not passed. */
function problemsIn({ canaries }: SelftestReport, waited: number): string[] {
	return canaries.flatMap((one) => {
		const { state, reason = "", event } = one;
		if (state === "passed") return [];
		const after = state === "running" ? ` after ${durationText(waited)}` : "";
		const of = event === undefined ? "" : ` (npx tidings event ${event})`;
		return `${nameOf(one)}${after}: ${lineText(reason, 500)}${of}`;
	});
}
