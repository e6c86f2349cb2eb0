/** A deliberate break of the source: what it is, and where. It runs nothing. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Break {
	/** What is wrong then, in one line. */
	why: string;
	file: string;
	/** The exact text that it replaces; it stands in the file once. */
	from: string;
	to: string;
}

/** The text of the break's file, broken. @throws Error when the break has lost its place */
export function broken({ why, file, from, to }: Break, root: string): string {
	const text = readFileSync(join(root, file), "utf8");
	const found = text.split(from).length - 1;
	if (found === 1) return text.replace(from, () => to);
	throw new Error(
		`${file}: "${why}": its text occurs ${found} times, it must occur once:\n${from}`,
	);
}

/** Breaks a copy of the repository; the answer mends it. */
export function applyTo(copy: string, deliberate: Break): () => void {
	const path = join(copy, deliberate.file);
	const whole = readFileSync(path);
	writeFileSync(path, broken(deliberate, copy));
	return () => writeFileSync(path, whole);
}
