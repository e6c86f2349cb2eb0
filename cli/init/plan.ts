/** Plans what `init` changes in a project. It writes nothing to the disk. */
import { KEY_FILE } from "../key-file.ts";
import { UsageError } from "../usage-error.ts";
import { wranglerFileOf } from "../wrangler-config.ts";
import { completeConfig, withExtras } from "./configure.ts";
import { editConfig } from "./edit-config.ts";
import { entryFileOf, usualMain } from "./entry-file.ts";
import { addToManifest, scriptNotes, workerName } from "./manifest.ts";
import { planPublisher, planSubscriber, withOwner } from "./other-workers.ts";
import { planKey, planOwner } from "./owner.ts";
import type { Project } from "./project.ts";
import { TSCONFIG } from "./sources.ts";

export interface InitOptions {
	/** The environment to configure. Default: the top of the file. */
	env?: string;
	/** The name of the owner that this Worker publishes through. */
	publisher?: string;
	/** Whether it has handlers that an owner calls. */
	subscriber?: true;
}

export interface Plan {
	/** The path of the wrangler configuration. */
	config: string;
	/** Whether the Worker owns its events. */
	isOwner: boolean;
	/** What a person has to do or to know. */
	notes: string[];
}

/** @throws UsageError if something cannot be changed without damage */
export function planInit(
	project: Project,
	wranglerFile: string | undefined,
	options: InitOptions,
): Plan {
	const { env, publisher, subscriber } = options;
	const isOwner = publisher === undefined && !subscriber;
	const config = wranglerFile ?? "wrangler.jsonc";
	const isNew = wranglerFile === undefined;
	const before = isNew ? newConfig(project) : project.read(config);
	const { top } = wranglerFileOf(config, before);
	const main = top.main ?? usualMain(project);
	const name = top.name ?? workerName(project);
	const given = { ...(!top.name && { name }), ...(!top.main && { main }) };
	let text = editConfig(config, before, given);
	if (isOwner) checkBinding(config, text);
	if (publisher !== undefined)
		text = withOwner(config, text, env, { owner: publisher, name });
	text = completeConfig(config, text, env, isOwner);
	if (isOwner) text = withExtras(config, text, env);
	project.write(config, text);

	if (!/\.[mc]?[jt]sx?$/.test(main))
		throw new UsageError(
			`main of ${config} is ${main}; Tidings needs a module of JavaScript or TypeScript`,
		);
	const entry = entryFileOf(project, main);
	const notes = isNew ? [] : configNotes(config, before, text, env);
	const ignored = ["node_modules/", ".wrangler/"];
	// Types that an existing project commits stay in its repository.
	if (isNew) ignored.push("worker-configuration.d.ts");
	if (isOwner) {
		const cron = addedCron(config, before, text, env);
		notes.push(...planOwner(project, entry, cron));
		ignored.push(planKey(project, env), KEY_FILE);
		notes.push(...scriptNotes(project));
	}
	if (subscriber) notes.push(...planSubscriber(project, entry, name));
	if (publisher !== undefined)
		notes.push(...planPublisher(project, entry, publisher));
	if (isNew && entry.isTypeScript && !project.exists("tsconfig.json"))
		project.write("tsconfig.json", TSCONFIG);
	ignore(project, ignored);
	addToManifest(project, isOwner ? ["tidings", "zod"] : ["tidings"], isNew);
	return { config, isOwner, notes };
}

function newConfig(project: Project): string {
	const start = {
		$schema: "node_modules/wrangler/config-schema.json",
		name: workerName(project),
		main: usualMain(project),
		observability: { enabled: true },
		dev: { generate_types: true },
	};
	return editConfig("wrangler.jsonc", "{\n}\n", start);
}

/** A queue of the user's own with the name of our binding would become that of the events. */
function checkBinding(path: string, text: string): void {
	const { top, environments } = wranglerFileOf(path, text);
	for (const { vars, queues } of [top, ...Object.values(environments)]) {
		const own = queues?.producers?.find(
			({ binding }) => binding === "EVENTS_QUEUE",
		);
		if (own && vars?.TIDINGS_QUEUES === undefined)
			throw new UsageError(
				`the binding EVENTS_QUEUE in ${path} is of your queue ${own.queue}. Tidings needs a binding of this name: rename yours, and run the command again. If it is for Tidings, name it in vars.TIDINGS_QUEUES.`,
			);
	}
}

function configNotes(
	path: string,
	before: string,
	after: string,
	environment: string | undefined,
): string[] {
	const dateIn = (text: string) => {
		const { top, environments } = wranglerFileOf(path, text);
		return (
			environments[environment ?? ""]?.compatibility_date ??
			top.compatibility_date
		);
	};
	const old = dateIn(before);
	const date = dateIn(after);
	const { environments } = wranglerFileOf(path, after);
	const others = Object.entries(environments).flatMap(([name, section]) =>
		name !== environment && section.vars?.TIDINGS_QUEUES === undefined
			? `npx tidings init --env ${name}`
			: [],
	);
	return [
		...(old !== undefined && old !== date
			? [
					`The compatibility_date was ${old}. It is ${date} now, because Tidings is tested with it. Test your own code with it, too.`,
				]
			: []),
		...(others.length > 0
			? [
					`Environments inherit neither queues nor variables. Add them:\n${others.join("\n")}`,
				]
			: []),
	];
}

/** The cron that was added, at which the user's own `scheduled` has not run. */
function addedCron(
	path: string,
	before: string,
	after: string,
	environment: string | undefined,
): string | undefined {
	const cronsIn = (text: string) => {
		const { top, environments } = wranglerFileOf(path, text);
		const own = environments[environment ?? ""];
		return (own?.triggers ?? top.triggers)?.crons ?? [];
	};
	const old = cronsIn(before);
	return cronsIn(after).find((cron) => !old.includes(cron));
}

/** Adds lines to `.gitignore` that it lacks. */
function ignore(project: Project, wanted: readonly string[]): void {
	const path = ".gitignore";
	const text = project.read(path);
	const lines = text.split(/\r?\n/).map((line) => line.trim());
	const has = (name: string) => {
		const bare = name.replace(/\/$/, "");
		return lines.some((line) =>
			[bare, `${bare}/`, `/${bare}`, `/${bare}/`, `${bare}*`].includes(line),
		);
	};
	const missing = wanted.filter((name) => !has(name));
	if (missing.length === 0) return;
	const before = text === "" || text.endsWith("\n") ? text : `${text}\n`;
	project.write(path, `${before}${missing.join("\n")}\n`);
}
