/** Matches the ids of handlers with the globs of filters. Pure. */

/** Whether a handler's id matches a filter's `handler`. */
export function matchesGlob(glob: string, id: string): boolean {
	const parts = glob
		.split(/(?<!\\)\*/)
		.map((part) => part.replaceAll("\\*", "*"));
	const first = parts[0] ?? "";
	const last = parts.at(-1) ?? "";
	if (parts.length === 1) return first === id;
	if (!id.startsWith(first) || !id.endsWith(last)) return false;
	let at = first.length;
	for (const part of parts.slice(1, -1)) {
		const found = id.indexOf(part, at);
		if (found < 0) return false;
		at = found + part.length;
	}
	return at <= id.length - last.length;
}
