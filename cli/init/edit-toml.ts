/**
 * Edits TOML as text, and leaves every other byte as it is. Keys of the top are inserted above the first table; tables
 * and entries of arrays of tables are appended.
 */
import { type AST, parseTOML } from "toml-eslint-parser";
import { type Edit, isTable } from "./edits.ts";

type Path = Edit["path"];

/** A value of a key, or a table with a header of its own. */
type Node = AST.TOMLContentNode | AST.TOMLTable;

export function editToml(text: string, { path, value }: Edit): string {
	const eol = text.includes("\r\n") ? "\r\n" : "\n";
	const [{ body }] = parseTOML(text).body;
	const nodes = body.flatMap((one) => nodesIn(one, []));
	const nodeAt = (path: Path) =>
		nodes.find(([at]) => isSamePath(at, path))?.[1];

	const own = nodeAt(path);
	if (own && own.type !== "TOMLTable") {
		const [start, end] = own.range;
		return text.slice(0, start) + inlineOf(value) + text.slice(end);
	}

	const key = path.at(-1);
	const parent = nodeAt(path.slice(0, -1));
	const line = `${nameOf([key])} = ${inlineOf(value)}`;
	if (parent?.type === "TOMLArray")
		return addTo(text, parent.elements, parent.range, inlineOf(value));
	if (parent?.type === "TOMLInlineTable")
		return addTo(text, parent.body, parent.range, line);
	if (parent?.type === "TOMLTable")
		return addLine(text, (parent.body.at(-1) ?? parent.key).range, line, eol);

	const top = body.filter((one) => one.type === "TOMLKeyValue");
	// Keys with dots define a table that no header can extend.
	const dotted = top.findLast(
		(one) =>
			path.length > 1 &&
			isSamePath(partsOf(one.key).slice(0, -1), path.slice(0, -1)),
	);
	if (dotted)
		return addLine(
			text,
			dotted.range,
			`${nameOf(path)} = ${inlineOf(value)}`,
			eol,
		);
	if (path.length === 1 && !isTable(value) && !isTableArray(value)) {
		const last = top.at(-1);
		if (last) return addLine(text, last.range, line, eol);
		return text === "" ? `${line}${eol}` : `${line}${eol}${eol}${text}`;
	}
	const start = text.trim() === "" ? "" : `${text.trimEnd()}${eol}${eol}`;
	return `${start}${blocksOf(path, value, eol).join(eol)}`;
}

/** All nodes below a key or a table, each with its path. */
function nodesIn(
	node: AST.TOMLTable | AST.TOMLKeyValue,
	above: Path,
): [Path, Node][] {
	if (node.type === "TOMLTable")
		return [
			[node.resolvedKey, node],
			...node.body.flatMap((one) => nodesIn(one, node.resolvedKey)),
		];
	return valuesIn(node.value, [...above, ...partsOf(node.key)]);
}

function valuesIn(value: AST.TOMLContentNode, path: Path): [Path, Node][] {
	return [[path, value], ...nodesWithin(value, path)];
}

function nodesWithin(value: AST.TOMLContentNode, path: Path): [Path, Node][] {
	if (value.type === "TOMLInlineTable")
		return value.body.flatMap((one) => nodesIn(one, path));
	if (value.type === "TOMLArray")
		return value.elements.flatMap((one, index) =>
			valuesIn(one, [...path, index]),
		);
	return [];
}

function partsOf({ keys }: AST.TOMLKey): string[] {
	return keys.map((key) => (key.type === "TOMLBare" ? key.name : key.value));
}

function isSamePath(one: Path, other: Path): boolean {
	return (
		one.length === other.length &&
		one.every((part, index) => part === other[index])
	);
}

/** Adds a line after the one that ends a range. A comment at its end stays there. */
function addLine(
	text: string,
	[, end]: AST.Range,
	line: string,
	eol: string,
): string {
	const [rest = ""] = /^[^\r\n]*/.exec(text.slice(end)) ?? [];
	const at = end + rest.length;
	return `${text.slice(0, at)}${eol}${line}${text.slice(at)}`;
}

/** Adds to a value in brackets. */
function addTo(
	text: string,
	parts: readonly AST.TOMLNode[],
	[start, end]: AST.Range,
	added: string,
): string {
	const last = parts.at(-1)?.range[1];
	if (last !== undefined)
		return `${text.slice(0, last)}, ${added}${text.slice(last)}`;
	const open = text[start];
	const close = text[end - 1];
	return `${text.slice(0, start)}${open} ${added} ${close}${text.slice(end)}`;
}

/** Tables with headers. Values within a table are written on one line each. */
function blocksOf(path: Path, value: unknown, eol: string): string[] {
	const isEntry = typeof path.at(-1) === "number";
	if (isTableArray(value))
		return value.flatMap((one, index) => blocksOf([...path, index], one, eol));
	if (!isTable(value))
		return blocksOf(path.slice(0, -1), { [`${path.at(-1)}`]: value }, eol);
	const all = Object.entries(value);
	const isOfEnvironments = path[0] === "env" && path.length <= 2;
	if (isOfEnvironments || all.some(([, one]) => isTableArray(one)))
		return all.flatMap(([key, one]) => blocksOf([...path, key], one, eol));
	const name = nameOf(path);
	const lines = all.map(([key, one]) => `${nameOf([key])} = ${inlineOf(one)}`);
	return [[isEntry ? `[[${name}]]` : `[${name}]`, ...lines, ""].join(eol)];
}

function isTableArray(value: unknown): value is unknown[] {
	return Array.isArray(value) && value.length > 0 && value.every(isTable);
}

/** A key, or a header. It has no indexes: a header is of the last entry. */
function nameOf(path: Path | [string | number | undefined]): string {
	return path
		.filter((part) => typeof part === "string")
		.map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part)))
		.join(".");
}

/** A string of JSON is one of TOML, too. */
function inlineOf(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(inlineOf).join(", ")}]`;
	if (!isTable(value)) return JSON.stringify(value);
	const all = Object.entries(value).map(
		([key, one]) => `${nameOf([key])} = ${inlineOf(one)}`,
	);
	return `{ ${all.join(", ")} }`;
}
