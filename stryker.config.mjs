/** Mutates the pure rules and runs their tests in Node, since Stryker has no runner for workerd. */
/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
	testRunner: "vitest",
	vitest: { configFile: "vitest.rules.config.ts" },
	mutate: [
		"src/contract/**/*.ts",
		"src/attempt.ts",
		"src/attempt-time.ts",
		"src/body.ts",
		"src/carry.ts",
		"src/apps/lifecycle.ts",
		"src/retry.ts",
	],
	concurrency: 2,
	thresholds: { high: 95, low: 90, break: 90 },
	// Stryker would rewrite a tsconfig by TypeScript's own API, which TypeScript 7 no longer has.
	tsconfigFile: "none",
	reporters: ["clear-text", "progress", "html", "json"],
	clearTextReporter: { reportTests: false },
	htmlReporter: { fileName: "reports/mutation.html" },
	jsonReporter: { fileName: "reports/mutation.json" },
};
