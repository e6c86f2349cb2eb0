/** Writes the lines that a configuration lacks, in the format of the user's file. */
import { stringify } from "smol-toml";
import type { Finding } from "../../src/doctor/finding.ts";
import {
	NOT_INHERITED,
	type Section,
	type WranglerConfig,
} from "../wrangler-config.ts";

/** How a finding is corrected. */
export interface Remedy {
	/** What to do, and the lines in the format of the file. */
	remedy: string;
	/** The values of those lines. An entry of an array replaces the one with the same name. */
	change: Record<string, unknown>;
}

/** A finding in a file. Without `change`, a person has to decide. */
export type ConfigFinding = Finding & Partial<Pick<Remedy, "change">>;

/** Whether the file states a key for this environment itself, or has to. */
export function isOwn(
	{ environment, own }: WranglerConfig,
	key: keyof Section,
): boolean {
	const isInherited = !(NOT_INHERITED as readonly string[]).includes(key);
	return environment !== undefined && (!isInherited || own[key] !== undefined);
}

/** Where a key is stated, for a message: empty for the top of the file. */
export function placeOf(config: WranglerConfig, key: keyof Section): string {
	return isOwn(config, key) ? `env.${config.environment}: ` : "";
}

/** @param intro what to do with the lines, such as `Add` */
export function remedyOf<Key extends keyof Section>(
	config: WranglerConfig,
	intro: string,
	key: Key,
	value: NonNullable<Section[Key]>,
): Remedy {
	const { file, environment } = config;
	const change = isOwn(config, key)
		? { env: { [environment ?? ""]: { [key]: value } } }
		: { [key]: value };
	// In toml, a key that follows a table belongs to the table.
	const isBare = file.format === "toml" && !isTable(value);
	const where = isBare && !isOwn(config, key) ? ", above its first table" : "";
	const lines = textOf(change, file.format);
	return { remedy: `${intro} ${file.path}${where}:\n${lines}`, change };
}

function isTable(value: unknown): boolean {
	const [part = null] = [value].flat();
	return typeof part === "object" && part !== null;
}

function textOf(lines: object, format: "toml" | "json"): string {
	if (format === "toml") return stringify(lines).trim();
	// Without the braces around it: they are in the file.
	return JSON.stringify(lines, null, "\t")
		.split("\n")
		.slice(1, -1)
		.map((line) => line.slice(1))
		.join("\n");
}
