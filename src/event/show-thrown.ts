/** Describes a thrown value that has no message, as far as possible. It never throws. */

/** Returns a text itself, an object as JSON, and any other value as text. */
export function show(thrown: unknown): string {
	try {
		return typeof thrown === "object"
			? (JSON.stringify(thrown, shower()) ?? String(thrown))
			: String(thrown);
	} catch {
		return "a value that cannot be shown";
	}
}

/** Returns a replacer for one `JSON.stringify` that shows values which JSON would reject or lose. */
function shower() {
	const seen = new Set<unknown>();
	return (_: string, value: unknown): unknown => {
		if (typeof value === "bigint") return `${value}n`;
		if (typeof value === "number" || typeof value === "symbol")
			return Number.isFinite(value) ? value : String(value);
		if (typeof value === "function") return `function ${value.name}`;
		if (typeof value !== "object" || value === null) return value;
		if (seen.has(value)) return "(circular, or shown before)";
		seen.add(value);
		if (value instanceof Error) return String(value);
		if (value instanceof Map || value instanceof Set) return [...value];
		return Object.keys(value).length > 0 || isPlain(value)
			? value
			: inherited(value);
	};
}

function isPlain(value: object): boolean {
	return Object.prototype.toString.call(value) === "[object Object]";
}

/** The properties of the platform's classes, such as the status of a `Response`, belong to their prototypes. */
function inherited(value: object): unknown {
	const shown: Record<string, unknown> = {};
	for (const key in value) {
		const member = (value as Record<string, unknown>)[key];
		if (typeof member !== "object" && typeof member !== "function")
			shown[key] = member;
	}
	return Object.keys(shown).length > 0 ? shown : String(value);
}
