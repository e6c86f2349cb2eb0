/**
 * Edits JSON with comments as text, and leaves every other byte as it is. `modify` of jsonc-parser formats the lines
 * around an edit again, and moves the comment at the end of a line to the line after it.
 */
import {
	createScanner,
	findNodeAtLocation,
	type Node,
	parseTree,
} from "jsonc-parser";
import { type Edit, isTable } from "./edits.ts";

/** Values are written on one line up to this width, as the formatters of most projects do. */
const WIDTH = 80;

/** @throws Error if the path leads through a value that is no object or array */
export function editJson(text: string, { path, value }: Edit): string {
	const root = parseTree(text, [], { allowTrailingComma: true });
	if (!root) throw new Error("not an object");
	const style = styleOf(text);
	const found = findNodeAtLocation(root, [...path]);
	if (found) {
		const indent = indentAt(text, found.offset);
		const written = valueText(value, indent, style, WIDTH);
		return splice(text, found.offset, found.length, written);
	}
	const key = path.at(-1);
	const parentPath = path.slice(0, -1);
	const parent = findNodeAtLocation(root, parentPath);
	// The parent is missing, too: it is added with its only key.
	if (!parent)
		return editJson(text, { path: parentPath, value: { [`${key}`]: value } });
	if (parent.type !== (typeof key === "number" ? "array" : "object"))
		throw new Error(`${parentPath.join(".")} is not of the expected type`);
	const added = typeof key === "string" ? { key, value } : { value };
	const room = WIDTH - nameOf(added).length - lineOf(value).length;
	if (isOnLine(text, parent) && lineAround(text, parent.offset).length > room)
		return editJson(onOwnLines(text, parent, style), { path, value });
	return insert(text, parent, added, style);
}

/** A property, or an element without a key. */
interface Added {
	key?: string;
	value: unknown;
}

function nameOf({ key }: Added): string {
	return key === undefined ? "" : `${JSON.stringify(key)}: `;
}

/** Whether everything in these brackets is on one line. */
function isOnLine(text: string, { offset, children }: Node): boolean {
	const last = children?.at(-1);
	return last !== undefined && !text.slice(offset, last.offset).includes("\n");
}

interface Style {
	/** One level of indentation. */
	unit: string;
	eol: string;
}

function styleOf(text: string): Style {
	const [, unit = "\t"] = /^([ \t]+)["{[]/m.exec(text) ?? [];
	return { unit, eol: text.includes("\r\n") ? "\r\n" : "\n" };
}

/** Adds a property or an element at the end of its parent. */
function insert(
	text: string,
	parent: Node,
	added: Added,
	style: Style,
): string {
	const { value } = added;
	const name = nameOf(added);
	const end = parent.offset + parent.length - 1;
	const last = parent.children?.at(-1);
	const outer = indentAt(text, parent.offset);
	if (!last) {
		const indent = outer + style.unit;
		const written = name + valueText(value, indent, style, WIDTH - name.length);
		const inner = text.slice(parent.offset + 1, end).trimEnd();
		return splice(
			text,
			parent.offset + 1 + inner.length,
			end - parent.offset - 1 - inner.length,
			style.eol + indent + written + style.eol + outer,
		);
	}
	const isLine = isOnLine(text, parent);
	const indent = isLine ? outer : indentAt(text, last.offset);
	const room = WIDTH - name.length;
	const written =
		name + (isLine ? lineOf(value) : valueText(value, indent, style, room));
	const lastEnd = last.offset + last.length;
	const comma = commaAfter(text, lastEnd);
	// A comment on the same line belongs to the value before it.
	const [comment = ""] =
		/^[ \t]*(\/\/[^\r\n]*|\/\*.*?\*\/)/.exec(text.slice(comma ?? lastEnd)) ??
		[];
	const at = (comma ?? lastEnd) + (isLine ? 0 : comment.length);
	const space = isLine ? " " : style.eol + indent;
	const next = splice(text, at, 0, space + written + (comma ? "," : ""));
	return comma ? next : splice(next, lastEnd, 0, ",");
}

/** Breaks a line within its brackets, where it would become too long. */
function onOwnLines(text: string, parent: Node, { unit, eol }: Style): string {
	const outer = indentAt(text, parent.offset);
	const end = parent.offset + parent.length - 1;
	const inner = text.slice(parent.offset + 1, end).trim();
	const lines = eol + outer + unit + inner + eol + outer;
	return splice(text, parent.offset + 1, end - parent.offset - 1, lines);
}

function lineAround(text: string, offset: number): string {
	const [before = ""] = /[^\n]*$/.exec(text.slice(0, offset)) ?? [];
	const [after = ""] = /^[^\r\n]*/.exec(text.slice(offset)) ?? [];
	return before + after;
}

/** The end of a comma after a value. */
function commaAfter(text: string, offset: number): number | undefined {
	const scanner = createScanner(text, true);
	scanner.setPosition(offset);
	scanner.scan();
	const at = scanner.getTokenOffset();
	return text[at] === "," ? at + 1 : undefined;
}

/** The indentation of the line of a place. */
function indentAt(text: string, offset: number): string {
	const start = text.lastIndexOf("\n", offset - 1) + 1;
	return /^[ \t]*/.exec(text.slice(start))?.[0] ?? "";
}

/** @param room the width that is left for the first line */
function valueText(
	value: unknown,
	indent: string,
	style: Style,
	room: number,
): string {
	const line = lineOf(value);
	const all = Object.entries(Object(value));
	// A table of tables has a line for each.
	const isDeep = isObject(value) && all.some(([, one]) => isTable(one));
	if (!isObject(value) || (!isDeep && line.length + indent.length < room))
		return line;
	const inner = indent + style.unit;
	const parts = all.map(([key, one]) => {
		const name = Array.isArray(value) ? "" : `${JSON.stringify(key)}: `;
		return inner + name + valueText(one, inner, style, WIDTH - name.length);
	});
	const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
	return `${open}${style.eol}${parts.join(`,${style.eol}`)}${style.eol}${indent}${close}`;
}

function isObject(value: unknown): boolean {
	return typeof value === "object" && value !== null;
}

function lineOf(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(lineOf).join(", ")}]`;
	if (!isTable(value)) return JSON.stringify(value);
	const parts = Object.entries(value).map(
		([key, one]) => `${JSON.stringify(key)}: ${lineOf(one)}`,
	);
	return parts.length > 0 ? `{ ${parts.join(", ")} }` : "{}";
}

function splice(
	text: string,
	offset: number,
	length: number,
	inserted: string,
): string {
	return text.slice(0, offset) + inserted + text.slice(offset + length);
}
