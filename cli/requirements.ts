/** What the commands need: this package's own manifest, and the versions of Node and wrangler. It installs nothing. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "./usage-error.ts";

/** The oldest Node with everything that the test kit needs. The commands and wrangler need 22. */
const NODE = "22.16.0";

/** The first wrangler that reads Durable Objects in `exports` (wrangler, changelog). */
const WRANGLER = "4.107.0";

interface Manifest {
	version: string;
	bin: string | Record<string, string>;
	dependencies: Record<string, string>;
	devDependencies: Record<string, string>;
}

/** This package's manifest: it names the versions that are tested together. */
export const own: Manifest = createRequire(import.meta.url)(
	"tidings/package.json",
);

/** @throws UsageError if this Node is too old */
export function checkNode(version = process.versions.node): void {
	if (isOlder(version, NODE))
		throw new UsageError(
			`tidings needs Node 22.16 or newer; this is Node ${version}. Install the current version from https://nodejs.org, or run nvm install --lts.`,
		);
}

export interface InstalledWrangler {
	version: string;
	/** The path of its program. */
	path: string;
}

/** The wrangler that `npx wrangler` runs in a folder. */
export function wranglerIn(folder: string): InstalledWrangler | undefined {
	try {
		const { resolve: find } = createRequire(resolve(folder, "package.json"));
		const path = find("wrangler/package.json");
		const { version, bin }: Manifest = JSON.parse(readFileSync(path, "utf8"));
		const program = typeof bin === "string" ? bin : bin.wrangler;
		return program === undefined
			? undefined
			: { version, path: join(dirname(path), program) };
	} catch {
		return undefined;
	}
}

/** Why a wrangler is too old, or undefined if it is not. */
export function wranglerFault({
	version,
}: InstalledWrangler): string | undefined {
	return isOlder(version, WRANGLER)
		? `wrangler ${version} is installed: it does not create the Durable Objects that exports declares. Tidings needs ${WRANGLER} or newer`
		: undefined;
}

export const WRANGLER_UPDATE = "npm install --save-dev wrangler@latest";

function isOlder(version: string, than: string): boolean {
	return version.localeCompare(than, undefined, { numeric: true }) < 0;
}
