/** Mutates the pure steps and runs their tests in Node, because Stryker has no runner for workerd. */
/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
	testRunner: "vitest",
	vitest: { configFile: "vitest.rules.config.ts" },
	mutate: [
		"src/event/**/*.ts",
		"src/handlers/{attempt,listing,retry-policy,route}.ts",
		"src/consume/{decide,waits}.ts",
		"src/schedule/{flush,schedule,send-by-lane}.ts",
		"src/platform/{alarm,queue-names,queues,send-batch}.ts",
		"src/publish/{coalesce,request,retry-send}.ts",
		"src/apps/subscriptions/lifecycle.ts",
	],
	concurrency: 2,
	thresholds: { high: 95, low: 90, break: 90 },
	// Stryker would rewrite a tsconfig through TypeScript's own API, which TypeScript 7 does not have.
	tsconfigFile: "none",
	reporters: ["clear-text", "progress", "html", "json"],
	clearTextReporter: { reportTests: false },
	htmlReporter: { fileName: "reports/mutation.html" },
	jsonReporter: { fileName: "reports/mutation.json" },
};
