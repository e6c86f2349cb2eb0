/** Checks all documents: their links, their commands, and their code, as far as types go. */
import { access, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { PRICES } from "../../bench/cost/prices.ts";
import { rowsIn } from "../../bench/cost/table.ts";
import {
	anchorsIn,
	blocksIn,
	documents,
	readDocument,
	root,
	typeErrors,
	write,
} from "./documents.ts";

/** Inside the package, so that its own name resolves; ignored by git. */
const folder = join(root, ".wrangler/docs/compiled");

/** Their code forms projects, which tests of their own generate, compile and run. */
const PROJECTS = [
	"docs/guides/apps.md",
	"docs/guides/handlers-in-other-workers.md",
	"docs/guides/migrating.md",
	"docs/guides/testing.md",
];

/** Names that a block uses without a declaration, because its page has introduced them. */
const PRELUDE: Record<string, string> = {
	defineConfig: 'import { defineConfig } from "tidings";',
	events: 'declare const events: import("tidings").Events<{}>;',
	env: "declare const env: Cloudflare.Env;",
	id: "declare const id: string;",
	isKnown: "declare const isKnown: (body: unknown) => boolean;",
	isOpen: "declare const isOpen: () => boolean;",
	key: "declare const key: string;",
	sendReceipt: "declare const sendReceipt: (body: unknown) => Promise<void>;",
};

const ENVIRONMENT = `
declare namespace Cloudflare {
	interface Env {
		DB: D1Database;
		EVENTS: import("tidings/client").PublisherBinding;
		FULFILMENT: Workflow;
		MAIL: unknown;
	}
}
`;

function compilable(code: string): string {
	const imports = code.match(/^import [^;]*;$/gm) ?? [];
	const rest = code
		.replaceAll(/^import [^;]*;$/gm, "")
		.replaceAll(/^export default /gm, "void ")
		.replaceAll(/^export (?=const )/gm, "");
	const prelude = Object.entries(PRELUDE).flatMap(([name, declaration]) => {
		const isDeclared =
			imports.some((line) =>
				new RegExp(`\\b${name}\\b.*from`, "s").test(line),
			) || new RegExp(`^(const|let) (\\{[^}]*)?\\b${name}\\b`, "m").test(rest);
		return isDeclared ? [] : declaration;
	});
	return `${[...imports, ...prelude].join("\n")}\nexport async function block() {\n${rest}\n}\n`;
}

test("each code block in TypeScript compiles", async () => {
	await rm(folder, { recursive: true, force: true });
	await write(join(folder, "env.d.ts"), ENVIRONMENT);
	let count = 0;
	for (const document of await documents()) {
		if (PROJECTS.includes(document)) continue;
		const page = join(folder, document.replaceAll(/[/.]/g, "-"));
		for (const { language, code, path } of blocksIn(
			await readDocument(document),
		)) {
			// The test kit runs in Node, whose types another test has.
			if (language !== "ts" || code.includes('"tidings/testing"')) continue;
			if (path !== undefined) await write(join(page, path), code);
			// Next to the files of src/, which it may import.
			else await write(join(page, `src/block-${count}.ts`), compilable(code));
			count += 1;
		}
	}
	expect(count).toBeGreaterThan(40);
	expect(await typeErrors(folder)).toBe("");
});

test("the code for existing projects imports without an extension, as the compiler options of npm create cloudflare require", async () => {
	for (const document of [
		"README.md",
		"AGENTS.md",
		"docs/getting-started/your-own-worker.md",
	])
		for (const { code } of blocksIn(await readDocument(document)))
			expect(code, document).not.toMatch(/from "\.[^"]*\.ts"/);
});

test("each sum of the guide on cost is computed from the counted table, and the prices are those of the counts", async () => {
	const reference = rowsIn(
		await readDocument("docs/reference/limits-and-cost.md"),
	);
	const numberOf = (text = "") => Number(text.replaceAll(" ", ""));
	const dollars = (events: number, price: number) =>
		((events * price) / 1_000_000).toFixed(2);
	const [, ...sections] = (await readDocument("docs/guides/cost.md")).split(
		/^## /m,
	);
	const sums: string[] = [];
	for (const section of sections) {
		let sum = 0;
		for (const [, row = ""] of section.matchAll(/^\| (.*) \|$/gm)) {
			const cells = row.split("|").map((cell) => cell.trim());
			const [first, scenario = "", price, usd] = cells;
			if (/^-/.test(first ?? "") || price?.startsWith("USD")) continue;
			if (scenario === "sum") {
				expect(usd, section).toBe(sum.toFixed(2));
				sums.push(usd ?? "");
			} else if (usd !== undefined) {
				expect(price, row).toBe(reference.get(scenario)?.at(-1));
				expect(usd, row).toBe(dollars(numberOf(first), Number(price)));
				sum += Number(usd);
			} else if (reference.has(scenario))
				expect(price, row).toBe(reference.get(scenario)?.at(-1));
			else if (price !== "worth in USD") {
				const [, cost, included] = reference.get(first ?? "") ?? [];
				expect(scenario, row).toBe(included);
				expect(price, row).toBe(dollars(numberOf(included), Number(cost)));
			}
		}
	}
	expect(sums).toHaveLength(3);
	for (const [unit, key] of [
		["queue operations", "reads"],
		["rows written", "rowsWritten"],
		["rows read", "rowsRead"],
		["object requests", "objectRequests"],
		["HTTP requests", "httpRequests"],
	] as const)
		expect(Number(reference.get(unit)?.[1]), unit).toBe(PRICES[key]);
});

test("each relative link leads to an existing file and heading", async () => {
	let count = 0;
	const broken: string[] = [];
	for (const document of await documents()) {
		const text = await readDocument(document);
		for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
			if (/^https?:/.test(link)) continue;
			count += 1;
			const [path = "", anchor] = link.split("#");
			const target = path === "" ? document : join(dirname(document), path);
			const exists = await access(join(root, target)).then(
				() => true,
				() => false,
			);
			const leads =
				exists &&
				(anchor === undefined ||
					anchorsIn(await readDocument(target)).includes(anchor));
			if (!leads) broken.push(`${document}: ${link}`);
		}
	}
	expect(broken).toEqual([]);
	expect(count).toBeGreaterThan(150);
});

test("the index links to each page of docs/, and the list of decisions to each decision", async () => {
	const all = (await documents()).filter((path) => path.startsWith("docs/"));
	const decisions = "docs/explanation/decisions/";
	const indexes = {
		"docs/README.md": all.filter(
			(path) => path !== "docs/README.md" && !path.startsWith(decisions),
		),
		[`${decisions}README.md`]: all.filter(
			(path) => path.startsWith(decisions) && !path.endsWith("README.md"),
		),
	};
	for (const [index, pages] of Object.entries(indexes)) {
		const text = await readDocument(index);
		for (const page of pages)
			expect(text).toContain(`](${relative(dirname(index), page)})`);
	}
});

test("llms.txt links to each page of docs/ except the decisions", async () => {
	const text = await readDocument("llms.txt");
	for (const page of await documents())
		if (/^docs\/(?!README|explanation\/decisions\/(?!README))/.test(page))
			expect(text).toContain(`](${page})`);
});

test("each npm script that a document names exists", async () => {
	const { scripts } = JSON.parse(await readDocument("package.json"));
	const templates = [
		"one-worker",
		"hono-api",
		"many-workers",
		"many-workers/owner",
		"many-workers/storefront",
	];
	const inTemplates = await Promise.all(
		templates.map(async (template) =>
			Object.keys(
				JSON.parse(await readDocument(`templates/${template}/package.json`))
					.scripts,
			),
		),
	);
	for (const document of await documents()) {
		const known = document.startsWith("templates/")
			? inTemplates.flat()
			: [...Object.keys(scripts), ...inTemplates.flat()];
		const text = await readDocument(document);
		for (const [, name = ""] of text.matchAll(/npm run ([a-z:]+)/g))
			expect(known, document).toContain(name);
	}
});
