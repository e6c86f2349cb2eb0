/** Serves the scripts and the style sheet under names that contain their hash. Browsers cache them for a year. */
import { HTMX } from "./assets/htmx.generated.ts";
import { ICON } from "./assets/icon.ts";
import { SCRIPT } from "./assets/script.ts";
import { STYLE } from "./assets/style.ts";

const FILES = {
	htmx: ["htmx.js", "text/javascript", HTMX],
	script: ["script.js", "text/javascript", SCRIPT],
	style: ["style.css", "text/css", STYLE],
	icon: ["icon.svg", "image/svg+xml", ICON],
} as const;

/** The path of each asset, below that of the dashboard. */
export type AssetPaths = Readonly<Record<keyof typeof FILES, string>>;

let paths: AssetPaths | undefined;

/** Hashes the assets once in an isolate. */
export async function assetPaths(): Promise<AssetPaths> {
	paths ??= Object.fromEntries(
		await Promise.all(
			Object.entries(FILES).map(async ([key, [name, , text]]) => [
				key,
				`/assets/${await hashOf(text)}/${name}`,
			]),
		),
	) as AssetPaths;
	return paths;
}

/** @param path below that of the dashboard */
export async function assetAt(path: string) {
	const known = Object.entries(await assetPaths());
	const [key] = known.find(([, one]) => one === path) ?? [];
	if (key === undefined) return undefined;
	const [, type, text] = FILES[key as keyof AssetPaths];
	const headers = {
		"content-type": `${type}; charset=utf-8`,
		"cache-control": "public, max-age=31536000, immutable",
	};
	return { text, headers };
}

async function hashOf(text: string): Promise<string> {
	const bytes = new TextEncoder().encode(text);
	const digest = await crypto.subtle.digest("SHA-256", bytes);
	return [...new Uint8Array(digest).slice(0, 8)]
		.map((byte) => byte.toString(16).padStart(2, "0"))
		.join("");
}
