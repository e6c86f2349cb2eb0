#!/usr/bin/env node
/**
 * `npx tidings`: the command line. It parses arguments, prints errors and sets exit codes; each command is in its file.
 */
import { Command, CommanderError } from "commander";
import { contextOf, NotFoundError } from "./context.ts";
import { deadLetterCommands } from "./dead-letters.ts";
import { deliverCommand } from "./deliver.ts";
import { deliveryCommands } from "./deliveries.ts";
import { devCommand } from "./dev.ts";
import { doctorCommand } from "./doctor.ts";
import { eraseCommand } from "./erase.ts";
import { eventCommands } from "./events.ts";
import { EXIT } from "./exit.ts";
import { healthCommands } from "./health.ts";
import { initCommand } from "./init.ts";
import { jobCommands } from "./jobs.ts";
import { keyCommand } from "./key.ts";
import { publishCommand } from "./publish.ts";
import { checkNode, own } from "./requirements.ts";
import { scheduledCommands } from "./scheduled.ts";
import { selftestCommand } from "./selftest.ts";
import { tailCommand } from "./tail.ts";
import { UsageError } from "./usage-error.ts";

const program = new Command("tidings")
	.description("Publish, look at and replay the events of a Worker.")
	.version(own.version)
	.option("--url <url>", "the Worker; default TIDINGS_URL, or wrangler dev")
	.option("--key <key>", "an API key; default TIDINGS_KEY, or .dev.vars")
	.option("--json", "print JSON")
	.addHelpText(
		"after",
		`
tidings <command> --help shows examples.
A filter is words such as name:order.** state:dead tag.customer:c42 since:2h.
Exit codes: 1 failed, 2 wrong usage, 3 not found, 4 not healthy.`,
	)
	.showHelpAfterError("(tidings --help shows all commands)")
	.hook("preAction", () => checkNode())
	.exitOverride();

const context = contextOf(program);
initCommand(program, context);
devCommand(program);
publishCommand(program, context);
eventCommands(program, context);
tailCommand(program, context);
scheduledCommands(program, context);
deliveryCommands(program, context);
deadLetterCommands(program, context);
deliverCommand(program, context);
eraseCommand(program, context);
jobCommands(program, context);
healthCommands(program, context);
doctorCommand(program, context);
selftestCommand(program, context);
keyCommand(program, context);
program
	.command("generate")
	.description("write a module that imports every handler module")
	.allowUnknownOption()
	.allowExcessArguments()
	.helpOption(false)
	.action(async () => {
		await import("../scripts/generate.ts");
	});

/** For an API key that the Worker rejects. */
const NO_VALID_KEY = `Give a key of this Worker with --key or TIDINGS_KEY.
  wrangler dev: npx tidings key --local creates one in .dev.vars. Start it again then.
  deployed:     npx tidings key <id> <scope> creates one, and npx wrangler secret put API_KEYS < api-keys.json installs it.`;

try {
	await program.parseAsync();
} catch (error) {
	process.exitCode = exitCodeOf(error);
	// Commander has printed its own.
	if (!(error instanceof CommanderError)) console.error(textOf(error as Error));
}

/** Why the Worker was not reached is in a cause of the cause. */
function textOf({ message, cause, ...error }: Error): string {
	const { code } = Object((cause as Error | undefined)?.cause);
	if (code === "ECONNREFUSED")
		return `${message}. Nothing listens there: start tidings dev, or give --url.`;
	return "code" in error && error.code === "unauthorized"
		? `${context.target().url}: ${message}. ${NO_VALID_KEY}`
		: message;
}

function exitCodeOf(error: unknown): number {
	if (error instanceof CommanderError)
		return error.exitCode === 0 ? 0 : EXIT.usage;
	if (error instanceof UsageError) return EXIT.usage;
	return error instanceof NotFoundError ? EXIT.notFound : EXIT.failed;
}
