/**
 * Reads a wrangler configuration, toml or json, with the rules of inheritance of its environments. It neither checks
 * nor changes the file.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import * as z from "zod";
import { parseOrThrow } from "../src/event/zod-errors.ts";
import { UsageError } from "./usage-error.ts";

/** In the order in which wrangler looks for them. */
const NAMES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"] as const;

const ProducerSchema = z.looseObject({
	binding: z.string(),
	queue: z.string(),
});

const ConsumerSchema = z.looseObject({
	queue: z.string(),
	type: z.string().optional(),
	max_batch_size: z.number().optional(),
	max_batch_timeout: z.number().optional(),
	max_retries: z.number().optional(),
	retry_delay: z.number().optional(),
	dead_letter_queue: z.string().optional(),
});

const ServiceSchema = z.looseObject({
	binding: z.string(),
	service: z.string(),
	entrypoint: z.string().optional(),
});

const names = z.array(z.string()).optional();

const MigrationSchema = z.looseObject({
	tag: z.string(),
	new_classes: names,
	new_sqlite_classes: names,
	renamed_classes: z
		.array(z.looseObject({ from: z.string(), to: z.string() }))
		.optional(),
	deleted_classes: names,
});

const ClassSchema = z.looseObject({
	type: z.string().optional(),
	storage: z.string().optional(),
});

/** The keys that Tidings needs. wrangler checks all others. */
const SectionSchema = z.looseObject({
	name: z.string().optional(),
	main: z.string().optional(),
	compatibility_date: z.string().optional(),
	compatibility_flags: names,
	minify: z.boolean().optional(),
	triggers: z.looseObject({ crons: names }).optional(),
	exports: z.record(z.string(), ClassSchema).optional(),
	migrations: z.array(MigrationSchema).optional(),
	vars: z.record(z.string(), z.unknown()).optional(),
	queues: z
		.looseObject({
			producers: z.array(ProducerSchema).optional(),
			consumers: z.array(ConsumerSchema).optional(),
		})
		.optional(),
	services: z.array(ServiceSchema).optional(),
	ratelimits: z.array(z.looseObject({ name: z.string() })).optional(),
	secrets_store_secrets: z
		.array(z.looseObject({ binding: z.string() }))
		.optional(),
});

const FileSchema = SectionSchema.extend({
	env: z.record(z.string(), SectionSchema).optional(),
});

export type Consumer = z.infer<typeof ConsumerSchema>;
export type Service = z.infer<typeof ServiceSchema>;
/** The top of a file, or one environment. */
export type Section = z.infer<typeof SectionSchema>;

/** The keys that an environment has only if it states them itself (wrangler, environments). */
export const NOT_INHERITED = [
	"vars",
	"queues",
	"services",
	"ratelimits",
	"secrets_store_secrets",
] as const;

/** A configuration file. */
export interface WranglerFile {
	path: string;
	format: "toml" | "json";
	top: Section;
	environments: Record<string, Section>;
}

/** What one Worker gets: the top of the file, or an environment with what it inherits. */
export type WranglerConfig = Section & {
	file: WranglerFile;
	/** Undefined for the top of the file. */
	environment: string | undefined;
	/** What the environment, or the top, states itself. */
	own: Section;
};

/** The file that wrangler would find in the current directory. */
export function wranglerFileHere(): string | undefined {
	return NAMES.find((name) => existsSync(name));
}

/**
 * Reads the file at a path, or the one that wrangler would find in the current directory.
 *
 * @throws UsageError if there is none, or it cannot be parsed, or a key that Tidings needs has a wrong value
 */
export function readWranglerFile(path?: string): WranglerFile {
	const found = path ?? wranglerFileHere();
	if (found === undefined || !existsSync(found))
		throw new UsageError(
			path === undefined
				? `There is no ${NAMES.join(", ")} in this directory. Give --config <path>, or add Tidings to a project here: npx tidings init.`
				: `There is no ${path}. Give --config the path of a wrangler configuration.`,
		);
	return wranglerFileOf(found, readFileSync(found, "utf8"));
}

/**
 * Reads the text of a file.
 *
 * @throws UsageError if it cannot be parsed, or a key that Tidings needs has a wrong value
 */
export function wranglerFileOf(path: string, text: string): WranglerFile {
	const format = extname(path) === ".toml" ? "toml" : "json";
	const raw = rawConfigOf(path, text);
	const { env: environments = {}, ...top } = checked(raw, path);
	return { path, format, top, environments };
}

/** Parses the text of a file, without a check of its keys. @throws UsageError */
export function rawConfigOf(path: string, text: string): object {
	// Some editors write a byte order mark.
	const bare = text.replace(/^\uFEFF/, "");
	return extname(path) === ".toml" ? tomlIn(bare, path) : jsonIn(bare, path);
}

/** @throws UsageError for an environment that the file does not have */
export function configOf(
	file: WranglerFile,
	environment?: string,
): WranglerConfig {
	if (environment === undefined)
		return { ...file.top, file, environment, own: file.top };
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

/** The text of the main module without its comments, if the file states it and it can be read. */
export function mainModuleOf({ file, main }: WranglerConfig): string {
	const path = join(dirname(file.path), main ?? "");
	return main !== undefined && existsSync(path) ? codeOf(path) : "";
}

/** The text of a module without its comments. */
export function codeOf(path: string): string {
	return readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
}

/** @throws UsageError */
function checked(raw: object, path: string): z.infer<typeof FileSchema> {
	try {
		return parseOrThrow(FileSchema, raw, path);
	} catch (error) {
		throw new UsageError((error as Error).message);
	}
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
