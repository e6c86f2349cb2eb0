/**
 * Reads a wrangler configuration, toml or json, with the rules of inheritance of its environments. It neither checks
 * nor changes the file.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import { UsageError } from "./usage-error.ts";

/** In the order in which wrangler looks for them. */
const NAMES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"] as const;

export interface Producer {
	binding: string;
	queue: string;
}

export interface Consumer {
	queue: string;
	type?: string;
	max_batch_size?: number;
	max_batch_timeout?: number;
	max_retries?: number;
	retry_delay?: number;
	dead_letter_queue?: string;
}

export interface Service {
	binding: string;
	service: string;
	entrypoint?: string;
}

export interface Migration {
	tag: string;
	new_classes?: string[];
	new_sqlite_classes?: string[];
	renamed_classes?: { from: string; to: string }[];
	deleted_classes?: string[];
}

/** The keys that Tidings needs, as they stand in the file, at its top or in one environment. */
export interface Section {
	name?: string;
	main?: string;
	compatibility_date?: string;
	compatibility_flags?: string[];
	minify?: boolean;
	triggers?: { crons?: string[] };
	exports?: Record<string, { type?: string; storage?: string }>;
	migrations?: Migration[];
	vars?: Record<string, unknown>;
	queues?: { producers?: Producer[]; consumers?: Consumer[] };
	services?: Service[];
	ratelimits?: { name: string }[];
	secrets_store_secrets?: { binding: string }[];
}

/** The keys that an environment has only if it states them itself (wrangler, environments). */
export const NOT_INHERITED = [
	...(["vars", "queues", "services", "ratelimits"] as const),
	"secrets_store_secrets",
] as const satisfies (keyof Section)[];

/** A configuration file. */
export interface WranglerFile {
	path: string;
	format: "toml" | "json";
	top: Section;
	environments: Record<string, Section>;
}

/** What one Worker gets: the top of the file, or an environment with what it inherits. */
export interface WranglerConfig extends Section {
	file: WranglerFile;
	/** Absent for the top of the file. */
	environment?: string;
	/** What the environment, or the top, states itself. */
	own: Section;
}

/** The file that wrangler would find in the current directory. */
export function wranglerFileHere(): string | undefined {
	return NAMES.find((name) => existsSync(name));
}

/**
 * Reads the file at a path, or the one that wrangler would find in the current directory.
 *
 * @throws UsageError if there is none, or it cannot be parsed
 */
export function readWranglerFile(path?: string): WranglerFile {
	const found = path ?? wranglerFileHere();
	if (found === undefined || !existsSync(found))
		throw new UsageError(
			path === undefined
				? `There is no ${NAMES.join(", ")} in this directory. Give --config <path>.`
				: `There is no ${path}. Give --config the path of a wrangler configuration.`,
		);
	const format = extname(found) === ".toml" ? "toml" : "json";
	const text = readFileSync(found, "utf8");
	const raw = format === "toml" ? tomlIn(text, found) : jsonIn(text, found);
	const { env = {}, ...top } = raw as Section & {
		env?: Record<string, Section>;
	};
	return { path: found, format, top, environments: env };
}

/** @throws UsageError for an environment that the file does not have */
export function configOf(
	file: WranglerFile,
	environment?: string,
): WranglerConfig {
	if (environment === undefined) return { ...file.top, file, own: file.top };
	const own = file.environments[environment];
	if (own === undefined) {
		const known = Object.keys(file.environments);
		throw new UsageError(
			`--env: ${file.path} has no environment ${JSON.stringify(environment)}; ${known.length > 0 ? `use ${known.join(", ")}` : "it has none"}.`,
		);
	}
	const inherited: Section = { ...file.top };
	for (const key of NOT_INHERITED) delete inherited[key];
	return { ...inherited, ...own, file, environment, own };
}

/** The text of the main module, if the file states it and it can be read. */
export function mainModuleOf({ file, main }: WranglerConfig): string {
	const path = join(dirname(file.path), main ?? "");
	return main !== undefined && existsSync(path)
		? readFileSync(path, "utf8")
		: "";
}

/** @throws UsageError */
function tomlIn(text: string, path: string): object {
	try {
		return parseToml(text);
	} catch (error) {
		throw new UsageError(`${path}: ${(error as Error).message}`);
	}
}

/** Comments and trailing commas are valid, as wrangler reads them. @throws UsageError */
function jsonIn(text: string, path: string): object {
	const errors: ParseError[] = [];
	const value = parse(text, errors, { allowTrailingComma: true });
	const [error] = errors;
	if (!error && typeof value === "object" && value !== null) return value;
	const line = text.slice(0, error?.offset ?? 0).split("\n").length;
	const what = error ? printParseErrorCode(error.error) : "not an object";
	throw new UsageError(`${path}: line ${line}: ${what}`);
}
