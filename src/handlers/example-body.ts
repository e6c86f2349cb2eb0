/** Makes an example of a body from its JSON Schema: what is required, and no more. It does not validate. */

interface Schema {
	$ref?: string;
	$defs?: Record<string, Schema>;
	/** The word for `$defs` before draft 2019-09. */
	definitions?: Record<string, Schema>;
	type?: string | string[];
	const?: unknown;
	default?: unknown;
	examples?: unknown[];
	enum?: unknown[];
	format?: string;
	anyOf?: Schema[];
	oneOf?: Schema[];
	allOf?: Schema[];
	properties?: Record<string, Schema>;
	required?: string[];
	items?: Schema;
	prefixItems?: Schema[];
	minItems?: number;
	minLength?: number;
	maxLength?: number;
	minimum?: number;
	exclusiveMinimum?: number;
	maximum?: number;
	multipleOf?: number;
}

/** A schema may contain itself. */
const DEEPEST = 8;

/** An example of a list has no more items, and of a text no more characters. */
const MOST_ITEMS = 20;
const MOST_CHARACTERS = 1_000;

/** Values in an example, and lists of `allOf` that are merged for it. Lists of lists would have millions. */
const MOST_VALUES = 1_000;

/** @param now epoch milliseconds, for times */
export function exampleOf(schema: object, now: number): unknown {
	const root = schema as Schema;
	const iso = new Date(now).toISOString();
	const formats: Record<string, string> = {
		email: "ada@example.com",
		hostname: "example.com",
		uri: "https://example.com/",
		url: "https://example.com/",
		uuid: "6f1c0a52-9d4e-4b8a-a1f3-2c7d5e90b814",
		ipv4: "192.0.2.1",
		ipv6: "2001:db8::1",
		duration: "P1D",
		"date-time": iso,
		date: iso.slice(0, 10),
		time: iso.slice(11, 19),
	};

	const budget = { left: MOST_VALUES };
	const make = (
		given: Schema | boolean,
		name: string,
		depth: number,
	): unknown => {
		if (typeof given !== "object" || depth > DEEPEST) return null;
		if (--budget.left < 0) return null;
		const one = merged(given, root, budget);
		if (Object.hasOwn(one, "const")) return one.const;
		if (Object.hasOwn(one, "default")) return one.default;
		if (one.examples?.length) return one.examples[0];
		if (one.enum?.length) return one.enum[0];
		const [choice] = one.anyOf ?? one.oneOf ?? [];
		if (choice) return make(choice, name, depth + 1);
		switch ([one.type].flat()[0] ?? (one.properties ? "object" : "")) {
			case "object":
				return Object.fromEntries(
					(one.required ?? []).map((key) => [
						key,
						make(one.properties?.[key] ?? {}, key, depth + 1),
					]),
				);
			case "array": {
				const first = (one.prefixItems ?? []).map((item) =>
					make(item, name, depth + 1),
				);
				const count = Math.min(MOST_ITEMS, one.minItems ?? 0) - first.length;
				const item = () => make(one.items ?? {}, name, depth + 1);
				return [...first, ...Array.from({ length: Math.max(0, count) }, item)];
			}
			case "string":
				return formats[one.format ?? ""] ?? textFor(one, name);
			case "integer":
			case "number":
				return numberFor(one);
			case "boolean":
				return true;
			default:
				return null;
		}
	};
	return make(root, "text", 0);
}

/** Follows references to the schema that they name. */
function resolved(schema: Schema, root: Schema): Schema {
	let found = schema;
	// A reference may lead to itself.
	for (let n = 0; n < DEEPEST && found.$ref !== undefined; n++) {
		const { $ref, ...others } = found;
		const [, word, name = ""] =
			/^#\/(\$defs|definitions)\/(.*)$/.exec($ref) ?? [];
		const named =
			$ref === "#" ? root : word && root[word as "$defs"]?.[unescaped(name)];
		// Words next to a reference add to it.
		found = { ...named, ...others };
	}
	return found;
}

/** The name in a JSON Pointer (RFC 6901). */
function unescaped(name: string): string {
	return name.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** A schema with all that its references and the parts of its `allOf` require. */
function merged(
	schema: Schema,
	root: Schema,
	budget: { left: number },
): Schema {
	const { allOf, ...own } = resolved(schema, root);
	// A part may contain the whole.
	if (!allOf || --budget.left < 0) return own;
	const parts = [...allOf.map((part) => merged(part, root, budget)), own];
	return Object.assign({}, ...parts, {
		properties: Object.assign({}, ...parts.map((one) => one.properties)),
		required: parts.flatMap(({ required = [] }) => required),
	});
}

function textFor({ minLength = 0, maxLength }: Schema, name: string): string {
	const least = Math.min(minLength, MOST_CHARACTERS);
	const text = /e-?mail$/i.test(name) ? "ada@example.com" : name;
	return text.padEnd(least, "x").slice(0, maxLength);
}

function numberFor(schema: Schema): number {
	const { minimum, exclusiveMinimum, maximum, multipleOf = 1 } = schema;
	const above = exclusiveMinimum === undefined ? 1 : exclusiveMinimum + 1;
	const least = Math.max(minimum ?? above, above);
	const round = Math.ceil(least / multipleOf) * multipleOf;
	return maximum !== undefined && round > maximum ? maximum : round;
}
