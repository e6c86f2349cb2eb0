/**
 * `npm run check:release`: lists what stops a release, and fails if there is anything. `npm publish` runs it, too. It
 * changes nothing.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const { version, files } = JSON.parse(textOf("package.json"));

/** Stands for the owner of the public repository, in addresses and as the author. */
const PLACEHOLDER = /\bOWNER\b/;

const problems = [
	...published()
		.filter((path) => PLACEHOLDER.test(textOf(path)))
		.map((path) => `${path} has the placeholder OWNER; replace it`),
	...changelogProblems(),
	...tagProblems(process.env),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

/** Returns the published files in which a person would see the placeholder. */
function published(): string[] {
	const paths = ["package.json", "README.md", ...files].flatMap((path) => {
		if (path.startsWith("!") || ["dist", "src"].includes(path)) return [];
		if (!statSync(join(root, path)).isDirectory()) return path;
		return readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
			.filter((name) => !/(^|\/)(node_modules|\.wrangler)(\/|$)/.test(name))
			.map((name) => `${path}/${name}`);
	});
	return paths.filter((path) => /\.(md|jsonc?|txt)$/.test(path)).sort();
}

function changelogProblems(): string[] {
	const [, heading = ""] = /^## (.*)$/m.exec(textOf("CHANGELOG.md")) ?? [];
	if (/^\S+ \(\d{4}-\d\d-\d\d\)$/.test(heading) && heading.startsWith(version))
		return [];
	return [
		`CHANGELOG.md begins with "${heading}"; write "${version} (<date>)", such as "${version} (2027-01-31)"`,
	];
}

function tagProblems({ GITHUB_REF_TYPE, GITHUB_REF_NAME }: NodeJS.ProcessEnv) {
	return GITHUB_REF_TYPE !== "tag" || GITHUB_REF_NAME === `v${version}`
		? []
		: [
				`the tag ${GITHUB_REF_NAME} is not the version of package.json; use v${version}`,
			];
}

function textOf(path: string): string {
	return readFileSync(join(root, path), "utf8");
}
