/** Edits the text of a configuration, toml or json. It checks each edit, and gives up before it damages a file. */
import { isDeepStrictEqual } from "node:util";
import { UsageError } from "../usage-error.ts";
import { rawConfigOf } from "../wrangler-config.ts";
import { editJson } from "./edit-json.ts";
import { editToml } from "./edit-toml.ts";
import { applyTo, type Edit, editsOf } from "./edits.ts";

/**
 * Returns the text with everything that `change` contains.
 *
 * @throws UsageError if the text cannot be edited without another effect
 */
export function editConfig(
	path: string,
	text: string,
	change: unknown,
): string {
	const edit = path.endsWith(".toml") ? editToml : editJson;
	const edits = editsOf(plain(rawConfigOf(path, text)), change);
	return edits.reduce((text, one) => checked(path, text, one, edit), text);
}

function checked(
	path: string,
	text: string,
	edit: Edit,
	make: (text: string, edit: Edit) => string,
): string {
	// A byte order mark is no part of the syntax.
	const [mark = ""] = /^\uFEFF?/.exec(text) ?? [];
	const expected = applyTo(rawConfigOf(path, text), edit);
	try {
		const next = mark + make(text.slice(mark.length), edit);
		const after = rawConfigOf(path, next);
		if (isDeepStrictEqual(plain(after), plain(expected))) return next;
	} catch {
		// The text would no longer be valid.
	}
	throw new UsageError(
		`${path} cannot be edited at ${edit.path.join(".")}. Set it by hand to ${JSON.stringify(edit.value)}, and run the command again.`,
	);
}

/** The parsers create objects with different prototypes. */
function plain(value: unknown): unknown {
	return JSON.parse(JSON.stringify(value));
}
