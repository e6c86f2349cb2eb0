/** `handlers` and `health`. */
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { durationText, printTable, stateText } from "./print.ts";

export function healthCommands(program: Command, context: Context): void {
	program
		.command("handlers")
		.description("list the handlers of all Workers with their policies")
		.addHelpText("after", "\nExample: tidings --json handlers")
		.action(async () => {
			const { handlers, unreachable } = await context.admin().handlers();
			context.print({ handlers, unreachable }, () => {
				printTable(
					["HANDLER", "WORKER", "EVENTS", "TIMEOUT"],
					handlers.map(({ id, worker = "", patterns, timeout }) => [
						...[id, worker, patterns.join(", "), durationText(timeout)],
					]),
				);
				for (const key of unreachable)
					console.log(`The Worker ${key} does not respond.`);
			});
		});

	program
		.command("health")
		.description(
			`report backlog and lag; the exit code is ${EXIT.notHealthy} if late`,
		)
		.addHelpText("after", "\nExample: tidings health || echo late")
		.action(async () => {
			const health = await context.admin().health();
			if (health.status !== "ok") process.exitCode = EXIT.notHealthy;
			context.print(health, () => {
				const { unclaimedQueue = "" } = health;
				console.log(`${stateText(health.status)} ${unclaimedQueue}`.trim());
				const now = Date.now();
				printTable(
					["QUEUE", "MESSAGES", "OLDEST"],
					Object.entries(health.queues ?? {}).map(([name, queue]) => [
						...[name, queue.backlogCount],
						queue.oldestMessageAt === null
							? ""
							: durationText(now - queue.oldestMessageAt),
					]),
				);
			});
		});
}
