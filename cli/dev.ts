/** `dev`: runs the project's own `wrangler dev`, and shows what happens to each event. It changes no file. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { devArguments } from "./dev/arguments.ts";
import { withoutNoise } from "./dev/noise.ts";
import { rewriting } from "./dev/output.ts";
import { startOf } from "./dev/start.ts";
import { WRANGLER_UPDATE, wranglerFault, wranglerIn } from "./requirements.ts";
import { Lines } from "./timeline/lines.ts";
import { timeOfDay } from "./timeline/narrate.ts";
import { UsageError } from "./usage-error.ts";

export function devCommand(program: Command): void {
	program
		.command("dev")
		.description("run wrangler dev, and show what happens to each event")
		.allowUnknownOption()
		.allowExcessArguments()
		.addHelpText(
			"after",
			`
All arguments are passed on to wrangler dev.
Examples: tidings dev
          tidings dev --port 9000 --env staging
          tidings dev -c owner/wrangler.jsonc -c storefront/wrangler.jsonc`,
		)
		.action((_options: unknown, { args }: Command) => runDev(args));
}

/** Resolves when wrangler has ended. */
async function runDev(args: string[]): Promise<void> {
	const colours = process.stdout.isTTY && { FORCE_COLOR: "1" };
	const child = spawn(
		process.execPath,
		[wranglerPath(), "dev", ...args, "--var", "TIDINGS_TRACE:1"],
		{
			stdio: ["inherit", "pipe", "pipe"],
			// Only a build for development shows its transitions.
			env: { ...process.env, ...colours, NODE_ENV: "development" },
		},
	);
	// A terminal sends Ctrl-C to wrangler, too. This process waits for its end, so that the shell does not mix with it.
	process.on("SIGINT", () => {
		if (!process.stdin.isTTY) child.kill("SIGINT");
	});
	for (const signal of ["SIGTERM", "SIGHUP"] as const)
		process.on(signal, () => child.kill(signal));

	const read = rewriting({
		lines: new Lines(timeOfDay),
		folder: process.cwd(),
		print: (line) => console.log(line),
		onReady: async (url) => {
			const { text, paths } = await startOf(url, devArguments(args));
			console.log(`\n${text}\n`);
			return paths;
		},
	});
	createInterface(child.stdout).on("line", read);
	const onError = withoutNoise((line) => console.error(line));
	createInterface(child.stderr).on("line", onError);
	const [code] = await once(child, "close");
	process.exitCode = code ?? 0;
}

/** @throws UsageError if the project has no wrangler, or one that is too old */
function wranglerPath(): string {
	const installed = wranglerIn(process.cwd());
	if (!installed)
		throw new UsageError(
			"wrangler is not installed in this directory; run npm install, or npm install --save-dev wrangler",
		);
	const fault = wranglerFault(installed);
	if (fault) throw new UsageError(`${fault}: run ${WRANGLER_UPDATE}`);
	return installed.path;
}
