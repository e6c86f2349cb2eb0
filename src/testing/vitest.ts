/** A Vite plugin that lets tests in Node run Workers' code with `tidings/testing`. It loads no part of the platform. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The part of a Vite plugin that is used here. */
interface TestingPlugin {
	name: string;
	config(): object;
}

const OLDEST_NODE = [22, 16] as const;

/**
 * Creates the plugin: it resolves `cloudflare:workers` to the simulated platform, and makes vitest load Tidings itself.
 * Otherwise Tidings would be loaded twice, by vitest and by Node.
 *
 * @throws Error if this Node has no `node:sqlite` that suffices
 * @example
 * export default defineConfig({ plugins: [tidingsTesting()] });
 */
export function tidingsTesting(): TestingPlugin {
	checkNode(process.versions.node);
	return {
		name: "tidings:testing",
		config: () => ({
			resolve: {
				alias: { "cloudflare:workers": pathOf("platform/cloudflare-workers") },
			},
			test: {
				setupFiles: [pathOf("vitest-setup")],
				server: { deps: { inline: ["tidings"] } },
			},
		}),
	};
}

/** @throws Error for a version that is too old */
export function checkNode(version: string): void {
	const [major = 0, minor = 0] = version.split(".").map(Number);
	const [oldestMajor, oldestMinor] = OLDEST_NODE;
	const isOld =
		major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
	if (isOld)
		throw new Error(
			`tidings/testing: Node ${version} has no node:sqlite that suffices; use Node ${OLDEST_NODE.join(".")} or later`,
		);
}

/** The path of a module of the kit, in the package or in its source. */
function pathOf(module: string): string {
	const built = fileURLToPath(import.meta.resolve(`./${module}.js`));
	return existsSync(built) ? built : built.replace(/\.js$/, ".ts");
}
