/** Runs the tests in Workers: on the queues and objects of this Worker, with a clock that a test moves ahead. */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
	plugins: [
		cloudflareTest({
			wrangler: { configPath: "./wrangler.jsonc" },
			// `mail` does not run here. A test gives the handlers that stand for it.
			miniflare: { serviceBindings: { MAIL: () => new Response() } },
		}),
	],
});
