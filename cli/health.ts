/** `handlers`, `metrics` and `health`. */
import type { Command } from "commander";
import type { Health, ListedHandler } from "../src/admin.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { durationText, emptyText, printTable, stateText } from "./print.ts";

export function healthCommands(program: Command, context: Context): void {
	program
		.command("handlers")
		.description("list the handlers of all Workers with their policies")
		.addHelpText("after", "\nExample: tidings --json handlers")
		.action(async () => {
			const { handlers, unreachable } = await context.admin().handlers();
			context.print({ handlers, unreachable }, () => {
				printTable(
					["HANDLER", "WORKER", "EVENTS", "TIMEOUT", "RETRIES"],
					handlers.map(({ id, worker = "", patterns, timeout, retries }) => [
						id,
						worker,
						patterns.join(", "),
						durationText(timeout),
						retriesText(retries),
					]),
					"No handler. Register one with events.on(), in a module that the main module imports.",
				);
				for (const key of unreachable)
					console.log(`The Worker ${key} does not respond.`);
			});
		});

	program
		.command("metrics [filter...]")
		.description("show attempts and durations by handler, of the last hour")
		.addHelpText("after", "\nExample: tidings metrics since:24h handler:mail/*")
		.action(async (filter: string[]) => {
			const metrics = await context.admin().metrics(filter.join(" "));
			context.print(metrics, () => {
				printTable(
					["HANDLER", "DELIVERED", "RETRYING", "DEAD", "MEDIAN", "P99"],
					metrics.handlers.map((one) => [
						one.handler,
						one.delivered,
						one.retrying,
						one.dead,
						...[one.median, one.p99].map((ms) =>
							ms === null ? "" : durationText(ms),
						),
					]),
					emptyText(
						"attempt of a handler in the last hour",
						filter,
						"See a day: npx tidings metrics since:24h",
					),
				);
				if (metrics.missed > 0)
					console.log(`${metrics.missed} calls of the journal are missing.`);
			});
		});

	program
		.command("health")
		.description(
			`report problems, backlog and lag; the exit code is ${EXIT.notHealthy} if there are problems`,
		)
		.addHelpText("after", "\nExample: tidings health || echo failing")
		.action(async () => {
			const health = await context.admin().health();
			if (health.status !== "ok") process.exitCode = EXIT.notHealthy;
			context.print(health, () => {
				console.log(stateText(health.status));
				for (const { code, detail } of health.problems)
					console.log(`${code}: ${detail}`);
				printTable(
					["QUEUE", "MESSAGES", "LAG"],
					Object.entries(health.queues).map(([name, queue]) => [
						name,
						queue.backlogCount,
						durationText(queue.lag),
					]),
				);
				const { scheduler, deadLetters } = health;
				if (scheduler) printFigures("SCHEDULER", schedulerTexts(scheduler));
				if (deadLetters) printFigures("DEAD LETTERS", deadLetters);
			});
		});
}

/** Such as `10, exponential, 5 s to 1 h`. */
function retriesText(policy: ListedHandler["retries"]): string {
	const { limit, maxAge, backoff, base, max } = policy;
	const most =
		limit === null && maxAge !== null
			? `for ${durationText(maxAge)}`
			: String(limit ?? "no limit");
	if (limit === 0) return most;
	if (typeof backoff !== "string")
		return `${most}, after ${backoff.map(durationText).join(", ")}`;
	const waits = backoff === "constant" ? [base] : [base, max];
	return `${most}, ${backoff}, ${waits.map(durationText).join(" to ")}`;
}

function schedulerTexts(
	scheduler: NonNullable<Health["scheduler"]>,
): Record<string, number | string> {
	const { lag, scheduled, waiting, lastHour } = scheduler;
	return {
		lag: durationText(lag),
		scheduled,
		waiting,
		"alarms in the last hour": lastHour.wakeUps,
		"rows written": lastHour.rowsWritten,
		"records sent": lastHour.sent,
	};
}

function printFigures(
	title: string,
	figures: Record<string, number | string>,
): void {
	printTable([title, ""], Object.entries(figures));
}
