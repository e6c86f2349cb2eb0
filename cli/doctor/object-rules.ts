/** Finds Durable Objects that the configuration does not declare, or that the main module does not export. */
import type { Finding } from "../../src/doctor/finding.ts";
import { OPTIONAL_OBJECTS, REQUIRED_OBJECTS } from "../../src/doctor/needs.ts";
import { mainModuleOf, type WranglerConfig } from "../wrangler-config.ts";
import { placeOf, remedyOf } from "./remedy.ts";

const OPTIONAL = Object.keys(OPTIONAL_OBJECTS);

export function objectFindings(config: WranglerConfig): Finding[] {
	const { sqlite, other } = declaredClasses(config);
	const missing = (names: readonly string[]) =>
		names.filter((name) => !sqlite.has(name) && !other.has(name));
	return [
		...missingFinding(missing(REQUIRED_OBJECTS), "error", config),
		...missingFinding(missing(OPTIONAL), "warning", config),
		...[...REQUIRED_OBJECTS, ...OPTIONAL].flatMap((name): Finding[] =>
			other.has(name)
				? [
						{
							...{ code: "object_without_sqlite", severity: "error" },
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
	severity: Finding["severity"],
	config: WranglerConfig,
): Finding[] {
	if (missing.length === 0) return [];
	const isMigrated = config.migrations !== undefined;
	const key = isMigrated ? "migrations" : "exports";
	const what =
		severity === "error"
			? "the Worker does not start, or fails"
			: `${missing.map((name) => OPTIONAL_OBJECTS[name as "Jobs"]).join(", ")} answer not_configured`;
	return [
		{
			...{ code: "object_missing", severity },
			problem: `${placeOf(config, key)}the objects ${missing.join(", ")} are not declared: ${what}`,
			remedy: isMigrated
				? remedyOf(config, "Add a migration to", "migrations", [
						{
							tag: `tidings-${missing.join("-").toLowerCase()}`,
							new_sqlite_classes: [...missing],
						},
					])
				: remedyOf(
						...([config, "Add to", "exports"] as const),
						Object.fromEntries(missing.map((name) => [name, DECLARATION])),
					),
		},
	];
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
function exportFinding(config: WranglerConfig): Finding[] {
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
			...{ code: "objects_not_exported", severity: "error" },
			problem: `${config.main} does not export the objects: the Worker does not start`,
			remedy: `Add to ${config.main}:\nexport * from "tidings/objects";`,
		},
	];
}
