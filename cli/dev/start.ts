/** Tells a person what to open and what to run, once the Worker listens. */
import { dirname } from "node:path";
import { styleText } from "node:util";
import { createAdmin } from "../../src/admin.ts";
import { wranglerVariables } from "../dev-vars.ts";
import { FIRST_BODY, FIRST_NAME } from "../init/sources.ts";
import type { DevArguments } from "./arguments.ts";

/** @param listening where wrangler listens */
export async function startText(
	listening: string,
	{ config = "wrangler.jsonc", env }: DevArguments,
): Promise<string> {
	const { TIDINGS_KEY: key, TIDINGS_URL } = wranglerVariables(
		...([dirname(config), env] as const),
	);
	const { pathname } = new URL(TIDINGS_URL ?? "/", listening);
	const url = new URL(pathname, listening).href.replace(/\/$/, "");
	const page = await dashboardAt(url);
	const rows: [string, string][] = [
		...(page ? [["Dashboard", page] as [string, string]] : []),
		["Publish", key ? await publishText(url, key) : NO_KEY],
		...(key ? [["Look", lookText(listening)] as [string, string]] : []),
	];
	return rows
		.map(([title, text]) => `${styleText("bold", title.padEnd(10))} ${text}`)
		.join("\n");
}

/** The commands find wrangler's default port by themselves. */
function lookText(listening: string): string {
	const { port, origin } = new URL(listening);
	const at = port === "8787" ? "" : ` --url ${origin}`;
	return `npx tidings${at} events`;
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
	const names = await handledNames(url, key);
	const isFirst = names.length === 0 || names.includes(FIRST_NAME);
	const name = isFirst ? FIRST_NAME : names[0];
	const body = isFirst ? FIRST_BODY : "null";
	return `curl ${url}/v1/events -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '{"name":"${name}","body":${body}}'`;
}

/** The patterns of handlers that are names. */
async function handledNames(url: string, key: string): Promise<string[]> {
	try {
		const { handlers } = await createAdmin({ url, key }).handlers();
		return handlers
			.flatMap(({ patterns }) => patterns)
			.filter((pattern) => !/[*@]/.test(pattern));
	} catch {
		return [];
	}
}
