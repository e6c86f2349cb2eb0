/** The assets of the dashboard that are generated, or that no compiler reads. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { expect, test } from "vitest";
import { htmxModule } from "../../scripts/assets.ts";
import { SCRIPT } from "../../src/dashboard/assets/script.ts";
import { STYLE } from "../../src/dashboard/assets/style.ts";

const root = join(import.meta.dirname, "../..");

test("htmx is that of the installed package, and its licence is in NOTICE; if not, run npm run assets", () => {
	const generated = "src/dashboard/assets/htmx.generated.ts";
	expect(readFileSync(join(root, generated), "utf8")).toBe(htmxModule());
	const licence = readFileSync(
		join(root, "node_modules/htmx.org/LICENSE"),
		"utf8",
	);
	expect(readFileSync(join(root, "NOTICE"), "utf8")).toContain(licence.trim());
});

test("the script is valid, and evaluates no text", () => {
	expect(() => new Script(SCRIPT)).not.toThrow();
	expect(SCRIPT).not.toMatch(
		/innerHTML|outerHTML|insertAdjacentHTML|eval\(|new Function|document\.write/,
	);
});

test("the style sheet has balanced braces, and loads nothing", () => {
	expect(STYLE.split("{").length).toBe(STYLE.split("}").length);
	expect(STYLE).not.toMatch(/url\(|@import/);
});
