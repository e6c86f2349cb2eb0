/** Reads the documents: their code blocks, links and headings. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

export const root = join(import.meta.dirname, "../..");

/** A code block. `path` is the file that its first line names, if any. */
export interface Block {
	language: string;
	code: string;
	path?: string;
}

/** Reads a document by its path from the root of the repository. */
export const readDocument = (path: string): Promise<string> =>
	readFile(join(root, path), "utf8");

/** Lists every document: those at the root, and all of docs/, templates/ and examples/. */
export async function documents(): Promise<string[]> {
	const paths = await readdir(root);
	const found = paths.filter((path) => /\.md$|^llms\.txt$/.test(path));
	for (const folder of ["docs", "templates", "examples"]) {
		const paths = await readdir(join(root, folder), { recursive: true });
		found.push(
			...paths
				.filter((path) => path.endsWith(".md") && !/node_modules/.test(path))
				.map((path) => `${folder}/${path}`),
		);
	}
	return found.sort();
}

export function blocksIn(text: string): Block[] {
	return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
		([, language = "", code = ""]) => {
			const [, path] = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(code) ?? [];
			return { language, code, ...(path !== undefined && { path }) };
		},
	);
}

/** Returns the first block that contains a text. @throws Error if no block contains it */
export function blockWith(document: string, text: string): string {
	const found = blocksIn(document).find(({ code }) => code.includes(text));
	if (found) return found.code;
	throw new Error(`no code block contains ${text}`);
}

/** The anchors of a document's headings, as GitHub builds them. */
export function anchorsIn(text: string): string[] {
	const prose = text.replaceAll(/^```.*?^```$/gms, "");
	return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
		heading
			.toLowerCase()
			.replaceAll(/[^\w -]/g, "")
			.replaceAll(" ", "-"),
	);
}

export async function write(path: string, text: string): Promise<void> {
	await mkdir(dirname(path), { recursive: true });
	await writeFile(path, text);
}

/** Compiles a folder below the root with the options of this repository. Returns the compiler's output. */
export async function typeErrors(
	folder: string,
	exclude: readonly string[] = [],
	config = "tsconfig.json",
): Promise<string> {
	await write(
		join(folder, "tsconfig.json"),
		JSON.stringify({
			extends: join(root, config),
			compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
			include: ["**/*.ts"],
			exclude,
		}),
	);
	const tsc = join(root, "node_modules/typescript/bin/tsc");
	const { stdout } = await promisify(execFile)(process.execPath, [
		tsc,
		"-p",
		folder,
	]).catch(({ stdout }) => ({ stdout }));
	return stdout;
}
