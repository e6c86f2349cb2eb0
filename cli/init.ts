/**
 * `init`: adds Tidings to the Worker project in the current directory, or starts one. It installs and deploys nothing.
 */
import { styleText } from "node:util";
import type { Command } from "commander";
import type { Finding } from "../src/doctor/finding.ts";
import type { Context } from "./context.ts";
import { checkConfig } from "./doctor/check-config.ts";
import { EXIT } from "./exit.ts";
import type { InitOptions, Plan } from "./init/plan.ts";
import type { FileChange } from "./init/project.ts";
import { FIRST_BODY, FIRST_NAME } from "./init/sources.ts";
import { printFinding } from "./print-finding.ts";
import { readWranglerFile, wranglerFileHere } from "./wrangler-config.ts";

const HELP = `
A second run changes nothing. Values that are in your files stay, unless Tidings does not work with them.
Examples: tidings init --dry-run
          tidings init --env staging
          tidings init --publisher shop     (a Worker that publishes through the Worker shop)
          tidings init --subscriber         (a Worker with handlers, which the owner of the events calls)`;

export function initCommand(program: Command, context: Context): void {
	program
		.command("init")
		.description("add Tidings to the Worker project in this directory")
		.option("--dry-run", "print the difference, and change nothing")
		.option("--env <name>", "configure an environment; default the top")
		.option("--publisher <owner>", "publish through this owner of events")
		.option("--subscriber", "have handlers that the owner of events calls")
		.addHelpText("after", HELP)
		.action(async ({ dryRun, ...options }: InitOptions & { dryRun?: true }) => {
			// No other command waits for the parsers.
			const { planInit } = await import("./init/plan.ts");
			const { diffText, Project } = await import("./init/project.ts");
			const { installCommand } = await import("./init/manifest.ts");
			const project = new Project(process.cwd());
			const plan = planInit(project, wranglerFileHere(), options);
			const changes = project.changes();
			if (!dryRun) project.save();
			const findings = dryRun ? [] : remaining(plan, options);
			if (findings.some(({ severity }) => severity === "error"))
				process.exitCode = EXIT.notHealthy;
			const { notes } = plan;
			const files = changes.map(fileOf);
			context.print({ files, notes, findings }, () => {
				if (dryRun) for (const change of changes) console.log(diffText(change));
				else for (const file of files) console.log(lineOf(file));
				if (files.length === 0) console.log("Nothing is missing.");
				for (const note of notes) console.log(`\n${note}`);
				if (findings.length > 0) console.log("");
				for (const finding of findings) printFinding(finding);
				if (!dryRun && files.length > 0)
					printNext(plan, options, installCommand(project));
			});
		});
}

/** Other environments have remedies of their own, and are in the notes. */
function remaining({ config }: Plan, { env }: InitOptions): Finding[] {
	return checkConfig(readWranglerFile(config), env ?? "");
}

interface ChangedFile {
	path: string;
	change: "created" | "changed";
}

function fileOf({ path, before }: FileChange): ChangedFile {
	return { path, change: before === undefined ? "created" : "changed" };
}

function lineOf({ path, change }: ChangedFile): string {
	const colour = change === "created" ? "green" : "yellow";
	return `${styleText(colour, change, { stream: process.stdout })}  ${path}`;
}

function printNext(
	{ isOwner }: Plan,
	{ env }: InitOptions,
	install: string,
): void {
	const at = env === undefined ? "" : ` --env ${env}`;
	const steps = isOwner
		? [
				install,
				`npx tidings dev${at}`,
				`npx tidings publish ${FIRST_NAME} '${FIRST_BODY}'    (in another terminal)`,
				`npx wrangler deploy${at}`,
			]
		: [install, "npx wrangler types", `npx wrangler deploy${at}`];
	const lines = steps.map((step, index) => `  ${index + 1}. ${step}`);
	console.log(`\nNext:\n${lines.join("\n")}`);
}
