/** For `node --import`: resolves `cloudflare:workers` to the simulated platform. */
import { registerHooks } from "node:module";

const standIn = new URL(
	"../../src/testing/platform/cloudflare-workers.ts",
	import.meta.url,
).href;

registerHooks({
	resolve: (specifier, context, next) =>
		specifier === "cloudflare:workers"
			? { url: standIn, shortCircuit: true }
			: next(specifier, context),
});
