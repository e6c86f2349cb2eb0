/** The files of a project, with changes that are not on the disk yet. Paths are relative to its folder. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createTwoFilesPatch } from "diff";

/** Files with secrets: their values are never shown. */
const SECRET = /(^|\/)\.(dev\.vars|env)/;

export interface FileChange {
	path: string;
	/** Undefined for a new file. */
	before: string | undefined;
	after: string;
}

export class Project {
	readonly folder: string;
	readonly #after = new Map<string, string>();

	constructor(folder: string) {
		this.folder = folder;
	}

	exists(path: string): boolean {
		return this.#after.has(path) || existsSync(join(this.folder, path));
	}

	/** Empty for a file that does not exist. */
	read(path: string): string {
		return this.#after.get(path) ?? this.#onDisk(path) ?? "";
	}

	write(path: string, text: string): void {
		this.#after.set(path, text);
	}

	changes(): FileChange[] {
		return [...this.#after].flatMap(([path, after]) => {
			const before = this.#onDisk(path);
			return before === after ? [] : { path, before, after };
		});
	}

	/** Writes in place: a file keeps its mode, and a link its target. */
	save(): void {
		for (const { path, before, after } of this.changes()) {
			const whole = join(this.folder, path);
			mkdirSync(dirname(whole), { recursive: true });
			const isNewSecret = before === undefined && SECRET.test(path);
			writeFileSync(whole, after, isNewSecret ? { mode: 0o600 } : {});
		}
	}

	#onDisk(path: string): string | undefined {
		const whole = join(this.folder, path);
		return existsSync(whole) ? readFileSync(whole, "utf8") : undefined;
	}
}

/** The difference as `diff -u` prints it. */
export function diffText({ path, before, after }: FileChange): string {
	if (SECRET.test(path)) return `${path}: secrets are added\n`;
	const from = before === undefined ? "/dev/null" : `a/${path}`;
	const patch = createTwoFilesPatch(from, `b/${path}`, before ?? "", after);
	return patch.replace(/^=+\n/, "").replace(/^(---|\+\+\+)(.*)\t$/gm, "$1$2");
}
