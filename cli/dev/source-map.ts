/** Replaces places in the bundle of `wrangler dev` by places in the source, in the stack of an error. */
import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A place in a stack of V8: a file, a line and a column, counted from 1. */
const PLACE = /(?:file:\/\/)?(\/[^\s()]+\.[mc]?js):(\d+):(\d+)/;

/** Each reload writes another bundle, so a map is read again. A stack has few places, and few bundles. */
export function mapStack(stack: string, folder: string): string {
	const maps = new Map<string, SourceMap | undefined>();
	return stack
		.split("\n")
		.flatMap((line) => mapLine(line, folder, maps) ?? [])
		.join("\n");
}

/** Returns undefined for a place in a library: the error is seldom there. */
function mapLine(
	line: string,
	folder: string,
	maps: Map<string, SourceMap | undefined>,
): string | undefined {
	const [place, path = "", row, column] = PLACE.exec(line) ?? [];
	if (place === undefined)
		return /^\s+at async Promise\./.test(line) ? undefined : line;
	if (!maps.has(path)) maps.set(path, mapOf(path));
	const found = maps.get(path)?.findEntry(Number(row) - 1, Number(column) - 1);
	if (!found || !("originalSource" in found)) return line;
	const source = found.originalSource.startsWith("file:")
		? fileURLToPath(found.originalSource)
		: resolve(dirname(path), found.originalSource);
	if (source.includes("/node_modules/")) return undefined;
	const { originalLine, originalColumn } = found;
	const at = `${relative(folder, source)}:${originalLine + 1}:${originalColumn + 1}`;
	return line.replace(place, at);
}

function mapOf(path: string): SourceMap | undefined {
	const map = `${path}.map`;
	if (!existsSync(map)) return undefined;
	try {
		return new SourceMap(JSON.parse(readFileSync(map, "utf8")));
	} catch {
		return undefined;
	}
}
