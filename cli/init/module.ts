/** Reads a module of JavaScript or TypeScript: its imports, its exports, and the names that it declares. */
import { type ParserPlugin, parse } from "@babel/parser";
import { UsageError } from "../usage-error.ts";

export type Program = ReturnType<typeof parse>["program"];
type Statement = Program["body"][number];
export type Expression = NonNullable<
	Extract<
		Statement,
		{ type: "VariableDeclaration" }
	>["declarations"][number]["init"]
>;

/** @throws UsageError if it cannot be parsed */
export function parseModule(path: string, text: string): Program {
	const plugins: ParserPlugin[] = ["decorators"];
	if (/\.[mc]?tsx?$/.test(path)) plugins.push("typescript");
	if (/\.([mc]?js|[jt]sx)$/.test(path)) plugins.push("jsx");
	try {
		return parse(text, { sourceType: "module", plugins }).program;
	} catch (error) {
		throw new UsageError(`${path}: ${(error as Error).message}`);
	}
}

/** The names of the top level, without types. */
export function declaredNames({ body }: Program): Set<string> {
	return new Set(
		body.flatMap((statement) =>
			statement.type === "ImportDeclaration"
				? statement.specifiers.map(({ local }) => local.name)
				: namesIn(statement),
		),
	);
}

/** The names of the exports, without those of `export *`. */
export function exportedNames({ body }: Program): string[] {
	return body.flatMap((statement) => {
		if (statement.type !== "ExportNamedDeclaration") return [];
		const names = statement.specifiers.map((one) =>
			one.exported.type === "Identifier"
				? one.exported.name
				: one.exported.value,
		);
		return [...names, ...namesIn(statement)];
	});
}

function namesIn(statement: Statement): string[] {
	switch (statement.type) {
		case "ExportNamedDeclaration":
			return statement.declaration ? namesIn(statement.declaration) : [];
		case "VariableDeclaration":
			return statement.declarations.flatMap(({ id }) =>
				id.type === "Identifier" ? [id.name] : [],
			);
		case "FunctionDeclaration":
		case "ClassDeclaration":
			return statement.id ? [statement.id.name] : [];
		default:
			return [];
	}
}

/** A replacement of a part of a text. */
export interface Change {
	start: number;
	end: number;
	text: string;
}

/** Makes all changes, none of which overlap. */
export function changed(text: string, changes: readonly Change[]): string {
	return changes
		.toSorted((one, other) => other.start - one.start || other.end - one.end)
		.reduce(
			(text, { start, end, text: inserted }) =>
				text.slice(0, start) + inserted + text.slice(end),
			text,
		);
}

/** Inserts imports after those that are there, or above everything but directives of the compiler. */
export function withImports(
	text: string,
	{ body }: Program,
	lines: readonly string[],
): Change {
	const eol = eolOf(text);
	const last = body.findLast(({ type }) => type === "ImportDeclaration");
	const end = last?.end;
	if (end !== undefined && end !== null) {
		const [comment = ""] =
			/^[ \t]*(\/\/.*)?(?=\r?$)/m.exec(text.slice(end)) ?? [];
		const at = end + (text.startsWith(comment, end) ? comment.length : 0);
		const added = lines.map((line) => eol + line).join("");
		return { start: at, end: at, text: added };
	}
	const [head = ""] =
		/^\uFEFF?((#!|\/\/\/|\/\/ *@ts-).*\r?\n)*/.exec(text) ?? [];
	const added = lines.map((line) => line + eol).join("");
	return { start: head.length, end: head.length, text: added + eol };
}

/** Adds lines at the end. */
export function withLinesAtEnd(text: string, lines: readonly string[]): Change {
	const eol = eolOf(text);
	const before = text === "" || text.endsWith("\n") ? "" : eol;
	const added = lines.map((line) => line + eol).join("");
	return { start: text.length, end: text.length, text: before + added };
}

function eolOf(text: string): string {
	return text.includes("\r\n") ? "\r\n" : "\n";
}
