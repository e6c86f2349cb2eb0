/** Finds Durable Objects that the configuration does not declare, or that the main module does not export. */
import { OPTIONAL_OBJECTS, REQUIRED_OBJECTS } from "../../src/doctor/needs.ts";
import {
	mainModuleOf,
	type Section,
	type WranglerConfig,
} from "../wrangler-config.ts";
import {
	type ConfigFinding,
	placeOf,
	type Remedy,
	remedyOf,
} from "./remedy.ts";

const OPTIONAL = Object.keys(OPTIONAL_OBJECTS);

export function objectFindings(config: WranglerConfig): ConfigFinding[] {
	const { sqlite, other } = declaredClasses(config);
	const missing = (names: readonly string[]) =>
		names.filter((name) => !sqlite.has(name) && !other.has(name));
	const required = missing(REQUIRED_OBJECTS);
	const optional = missing(OPTIONAL);
	const remedy = declarationOf([...required, ...optional], config);
	return [
		...missingFinding(required, "error", remedy, config),
		...missingFinding(optional, "warning", remedy, config),
		...[...REQUIRED_OBJECTS, ...OPTIONAL].flatMap((name): ConfigFinding[] =>
			other.has(name)
				? [
						{
							code: "object_without_sqlite",
							severity: "error",
							problem: `the object ${name} is declared without SQLite, which it needs`,
							remedy:
								'Declare it in new_sqlite_classes, or with storage = "sqlite". A class that is deployed cannot change its storage: delete it with deleted_classes first, and what it stores is lost.',
						},
					]
				: [],
		),
		...exportFinding(config),
	];
}

function missingFinding(
	missing: readonly string[],
	severity: ConfigFinding["severity"],
	remedy: Remedy,
	config: WranglerConfig,
): ConfigFinding[] {
	if (missing.length === 0) return [];
	const key = config.migrations ? "migrations" : "exports";
	const what =
		severity === "error"
			? "the Worker does not start, or fails"
			: `${missing.map((name) => OPTIONAL_OBJECTS[name as "Jobs"]).join(", ")} answer not_configured`;
	return [
		{
			code: "object_missing",
			severity,
			problem: `${placeOf(config, key)}the objects ${missing.join(", ")} are not declared: ${what}`,
			...remedy,
		},
	];
}

/** One migration declares all missing classes, because each deploy applies a migration once. */
function declarationOf(
	missing: readonly string[],
	config: WranglerConfig,
): Remedy {
	const { migrations } = config;
	return migrations
		? remedyOf(config, "Add a migration to", "migrations", [
				{ tag: nextTag(migrations), new_sqlite_classes: [...missing] },
			])
		: remedyOf(
				config,
				"Add to",
				"exports",
				Object.fromEntries(missing.map((name) => [name, DECLARATION])),
			);
}

/** Continues the numbers of the tags: `v3` after `v2`. */
function nextTag(migrations: NonNullable<Section["migrations"]>): string {
	const { tag = "" } = migrations.at(-1) ?? {};
	const tags = migrations.map(({ tag }) => tag);
	const [, start, number] = /^(.*?)(\d+)$/.exec(tag) ?? [];
	const next =
		number === undefined
			? "tidings"
			: `${start}${String(+number + 1).padStart(number.length, "0")}`;
	return tags.includes(next) ? `${next}-tidings` : next;
}

const DECLARATION = { type: "durable-object", storage: "sqlite" };

/** The classes that the configuration declares, after all migrations. */
function declaredClasses({ exports = {}, migrations = [] }: WranglerConfig) {
	const sqlite = new Set<string>();
	const other = new Set<string>();
	for (const [name, { type, storage }] of Object.entries(exports))
		if (type === "durable-object")
			(storage === "sqlite" ? sqlite : other).add(name);
	for (const migration of migrations) {
		for (const name of migration.new_sqlite_classes ?? []) sqlite.add(name);
		for (const name of migration.new_classes ?? []) other.add(name);
		for (const { from, to } of migration.renamed_classes ?? [])
			for (const classes of [sqlite, other])
				if (classes.delete(from)) classes.add(to);
		for (const name of migration.deleted_classes ?? [])
			for (const classes of [sqlite, other]) classes.delete(name);
	}
	return { sqlite, other };
}

/** The classes may come through another module, which is not read. */
function exportFinding(config: WranglerConfig): ConfigFinding[] {
	const text = mainModuleOf(config);
	const isKnown =
		text === "" ||
		text.includes("tidings/objects") ||
		/export\s+\*\s+from/.test(text) ||
		REQUIRED_OBJECTS.every((name) =>
			new RegExp(`export[^;]*\\b${name}\\b`).test(text),
		);
	if (isKnown) return [];
	return [
		{
			code: "objects_not_exported",
			severity: "error",
			problem: `${config.main} does not export the objects: the Worker does not start`,
			remedy: `Add to ${config.main}:\nexport * from "tidings/objects";`,
		},
	];
}
