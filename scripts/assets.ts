/** `npm run assets`: writes htmx and its SSE extension as a module, because wrangler does not import `.js` files as text. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(import.meta.dirname, "..");
const read = (path: string) =>
	readFileSync(join(root, "node_modules/htmx.org", path), "utf8")
		// The map is not served.
		.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "");

/** The text of `src/dashboard/assets/htmx.generated.ts`. */
export function htmxModule(): string {
	const { version } = JSON.parse(read("package.json"));
	const text = `${read("dist/htmx.min.js")}\n${read("dist/ext/hx-sse.min.js")}\n`;
	return `/** htmx.org ${version} with its SSE extension, written by \`npm run assets\`. Its licence is in NOTICE. */\nexport const HTMX = ${JSON.stringify(text)};\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	writeFileSync(
		join(root, "src/dashboard/assets/htmx.generated.ts"),
		htmxModule(),
	);
