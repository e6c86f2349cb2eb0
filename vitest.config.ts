import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { tidingsTesting } from "./src/testing/vitest.ts";
import rules from "./vitest.rules.config.ts";

const source = new URL("./src/", import.meta.url).pathname;

export default defineConfig({
	test: {
		// What a test provokes on purpose is logged as it should be; only a failing test shows it.
		silent: "passed-only",
		// By default vitest leaves one core free, and two cores would then run one file at a time.
		maxWorkers: 2,
		projects: [
			// First, because it has the longest file: the others run next to it.
			{
				// In Node, on the simulated platform.
				// tsconfig.json does not include these files.
				resolve: {
					alias: [
						{ find: /^tidings$/, replacement: `${source}index.ts` },
						{
							find: /^tidings\/(ampt|apps|sst|tsc-run)$/,
							replacement: `${source}dialects/$1.ts`,
						},
						{
							find: /^tidings\/testing$/,
							replacement: `${source}testing/testing.ts`,
						},
						{ find: /^tidings\/(.*)$/, replacement: `${source}$1.ts` },
					],
				},
				plugins: [tidingsTesting()],
				test: {
					name: "simulation",
					include: [
						"test/{simulation,testing}/**/*.node.test.ts",
						"examples/**/*.test.ts",
					],
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
			{
				// On the real runtime: everything that an event meets on its way.
				// The package by its own name is its source, as `paths` in tsconfig.json say.
				resolve: { tsconfigPaths: true },
				plugins: [
					cloudflareTest({
						wrangler: { configPath: "./test/support/wrangler.toml" },
					}),
				],
				test: {
					name: "workerd",
					include: ["test/**/*.test.ts"],
					exclude: [
						"test/**/*.{node,pure}.test.ts",
						"test/dialects/**",
						"test/apps/**",
						"test/platform/lanes/**",
					],
				},
			},
			{
				// On the real runtime: code of other products, in a Worker of its own.
				resolve: { tsconfigPaths: true },
				plugins: [
					cloudflareTest({
						wrangler: { configPath: "./test/dialects/wrangler.toml" },
					}),
				],
				test: {
					name: "dialects",
					include: ["test/dialects/**/*.test.ts"],
					exclude: ["test/**/*.{node,pure}.test.ts"],
				},
			},
			{
				// On the real runtime: apps that subscribe to each other, in a Worker of their own.
				resolve: { tsconfigPaths: true },
				plugins: [
					cloudflareTest({
						wrangler: { configPath: "./test/apps/wrangler.toml" },
					}),
				],
				test: {
					name: "apps",
					include: ["test/apps/**/*.test.ts"],
					exclude: ["test/**/*.{node,pure}.test.ts"],
				},
			},
			{
				// On the real runtime: several queues and lanes, in a Worker of its own.
				resolve: { tsconfigPaths: true },
				plugins: [
					cloudflareTest({
						wrangler: { configPath: "./test/platform/lanes/wrangler.toml" },
					}),
				],
				test: {
					name: "lanes",
					include: ["test/platform/lanes/**/*.test.ts"],
				},
			},
			{
				// On the real runtime: what each scenario costs, counted. `npm run bench:cost` prints it.
				resolve: { tsconfigPaths: true },
				plugins: [
					cloudflareTest({
						wrangler: { configPath: "./bench/cost/wrangler.toml" },
					}),
				],
				test: {
					name: "cost",
					include: ["bench/cost/**/*.test.ts"],
					testTimeout: 30_000,
				},
			},
			rules,
			{
				// In Node: what a person runs there, and several Workers driven from outside.
				test: {
					name: "node",
					include: ["test/**/*.node.test.ts", "bench/**/*.node.test.ts"],
					exclude: ["test/{published,simulation,testing}/**"],
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
			{
				// In Node: what `npm pack` makes, as people get it.
				test: {
					name: "published",
					include: ["test/published/**/*.node.test.ts"],
					globalSetup: "test/published/setup.ts",
					// Projects that are adopted at once: each runs several processes.
					maxConcurrency: 2,
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
		],
	},
});
