/** `doctor`: checks the wrangler configuration and the running Worker, and prints each error with its remedy. */
import type { Command } from "commander";
import type { Finding } from "../src/doctor/finding.ts";
import type { Context } from "./context.ts";
import { checkConfig } from "./doctor/check-config.ts";
import { checkWorker } from "./doctor/check-worker.ts";
import { EXIT } from "./exit.ts";
import { printFinding } from "./print-finding.ts";
import { readWranglerFile, wranglerFileHere } from "./wrangler-config.ts";

export function doctorCommand(program: Command, context: Context): void {
	program
		.command("doctor")
		.description("find errors in the wrangler configuration and the Worker")
		.option("--config <path>", "the configuration; default as wrangler's")
		.option("--env <name>", "check one environment; default the top and all")
		.addHelpText(
			"after",
			`
Examples: tidings doctor
          tidings doctor --config owner/wrangler.jsonc --env staging
          tidings doctor --url https://events.example.com
The exit code is ${EXIT.notHealthy} if there is an error, and 0 if there are only warnings.`,
		)
		.action(async ({ config, env }: { config?: string; env?: string }) => {
			// On call, a person may have the URL and no checkout.
			const isWorkerOnly =
				config === undefined &&
				env === undefined &&
				context.given().url !== undefined &&
				wranglerFileHere() === undefined;
			const file = isWorkerOnly ? null : readWranglerFile(config);
			const ofFile = file ? checkConfig(file, env) : [];
			const { worker, found } = await workerFindings(context);
			const codes = new Set(ofFile.map(({ code }) => code));
			// The Worker runs with the same error, and its remedy is not in the file's format.
			const ofWorker = found.filter(({ code }) => !codes.has(code));
			const findings = [...ofFile, ...ofWorker];
			if (findings.some(({ severity }) => severity === "error"))
				process.exitCode = EXIT.notHealthy;
			const checked = { config: file?.path ?? null, worker };
			context.print({ checked, findings }, () => {
				for (const finding of findings) printFinding(finding);
				printSummary(findings, checked);
			});
		});
}

/** Without a URL, the Worker of `wrangler dev` is checked if it runs. */
async function workerFindings(
	context: Context,
): Promise<{ worker: string | null; found: Finding[] }> {
	const given = context.given();
	if (given.url === undefined && given.key === undefined)
		return { worker: null, found: [] };
	const worker = String(context.target().url);
	try {
		return { worker, found: await checkWorker(context.admin(), worker) };
	} catch (error) {
		if (given.url === undefined) return { worker: null, found: [] };
		const finding: Finding = {
			code: "owner_unreachable",
			severity: "error",
			problem: (error as Error).message,
			remedy: "Check the URL, and whether the Worker is deployed or runs.",
		};
		return { worker, found: [finding] };
	}
}

function printSummary(
	findings: readonly Finding[],
	{ config, worker }: Record<"config" | "worker", string | null>,
): void {
	const errors = findings.filter(({ severity }) => severity === "error");
	const warnings = findings.length - errors.length;
	const checked = [config, worker].filter(Boolean).join(" and ");
	console.log(`${checked}: errors ${errors.length}, warnings ${warnings}`);
	if (!worker)
		console.log("No Worker was checked. Give --url and --key to check one.");
}
