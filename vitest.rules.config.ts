/** The tests of the pure rules, in plain Node: what they cover is mutated, and mutants cannot run on workerd. */
import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		name: "rules",
		include: ["test/**/*.pure.test.ts"],
	},
});
