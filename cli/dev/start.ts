/** Tells a person what to open and what to run, once the Worker listens. */
import { dirname } from "node:path";
import { styleText } from "node:util";
import { createAdmin } from "../../src/admin.ts";
import { exampleOf } from "../../src/handlers/example-body.ts";
import { wranglerVariables } from "../dev-vars.ts";
import { FIRST_BODY, FIRST_NAME } from "../init/sources.ts";
import { LOCAL_URL } from "../target.ts";
import type { DevArguments } from "./arguments.ts";

export interface Start {
	text: string;
	/** Paths that Tidings answers: requests to them say nothing that the timeline does not. */
	paths: string[];
}

/** @param listening where wrangler listens */
export async function startOf(
	listening: string,
	{ config = "wrangler.jsonc", env }: DevArguments,
): Promise<Start> {
	const { TIDINGS_KEY: key, TIDINGS_URL } = wranglerVariables(
		dirname(config),
		env,
	);
	const { pathname } = new URL(TIDINGS_URL ?? "/", listening);
	const url = new URL(pathname, listening).href.replace(/\/$/, "");
	const page = await dashboardAt(url);
	const rows = [
		["Worker", url],
		["Key", key ?? NO_KEY],
		...(page === undefined ? [] : [["Dashboard", page]]),
		...(key === undefined ? [] : [["Publish", await publishText(url, key)]]),
		...(url === (TIDINGS_URL ?? LOCAL_URL) ? [] : [["Commands", urlText(url)]]),
	] as const;
	const text = rows
		.map(([title, value]) => `${styleText("bold", title.padEnd(10))} ${value}`)
		.join("\n");
	const paths = [`${url}/v1/`, ...(page === undefined ? [] : [page])];
	return { text, paths: paths.map((one) => new URL(one).pathname) };
}

/** Wrangler takes another port if its own is in use, and the commands would ask the Worker that has it. */
function urlText(url: string): string {
	return `need the URL in other terminals: export TIDINGS_URL=${url}`;
}

const NO_KEY =
	"there is no local key: run npx tidings key --local, and start again";

/** The page of the dashboard, if there is one. */
async function dashboardAt(url: string): Promise<string | undefined> {
	for (const path of ["/_tidings", "/"]) {
		const answer = await fetch(url + path).catch(() => undefined);
		const text = await answer?.text();
		// A page that is missing has a title, too.
		if (answer?.ok && text?.includes("· Tidings</title>")) return url + path;
	}
	return undefined;
}

/** A command that publishes an event which has a handler. */
async function publishText(url: string, key: string): Promise<string> {
	const event = JSON.stringify(await exampleEvent(url, key));
	const data = event.replaceAll("'", "'\\''");
	return `curl ${url}/v1/events -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '${data}'`;
}

/** An event of a handler, if possible the one that `init` wrote, with a body that its schema accepts. */
async function exampleEvent(url: string, key: string) {
	const { handlers } = await createAdmin({ url, key })
		.handlers()
		.catch(() => ({ handlers: [] }));
	const named = handlers.flatMap(({ patterns, schema }) =>
		patterns.flatMap((name) => (/[*@]/.test(name) ? [] : { name, schema })),
	);
	const found = named.find(({ name }) => name === FIRST_NAME) ?? named[0];
	if (found === undefined)
		return { name: FIRST_NAME, body: JSON.parse(FIRST_BODY) };
	const { name, schema } = found;
	return { name, body: schema ? exampleOf(schema, Date.now()) : {} };
}
