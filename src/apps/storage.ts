/** Stores JSON by path in an app's space of the bucket. No path may lead out of that space. */
import { RefusedError } from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { binding } from "../platform/environment.ts";

/** The binding of the bucket, in the Worker that runs the app. */
const BINDING = "APP_STORAGE";

/** The longest key of R2, in bytes (Cloudflare R2, limits). */
const KEY_BYTES = 1_024;

export interface AppStorage {
	/**
	 * Stores a value as JSON.
	 *
	 * @throws RefusedError `invalid_request` for a path that leads out, `invalid_body` for a value that is not JSON
	 */
	put(path: string, value: unknown): Promise<void>;
	/** Returns the value, or null if there is none. */
	get<Value = unknown>(path: string): Promise<Value | null>;
	/** Lists up to 1 000 paths below a folder. `cursor` is set if there are more. */
	list(
		folder?: string,
		options?: { cursor?: string },
	): Promise<{ paths: string[]; cursor?: string }>;
	/** Deletes a value. Does nothing if there is none. */
	delete(path: string): Promise<void>;
}

/** @param checkAccess rejects unless the caller may use the space */
export function storageOf(
	app: string,
	checkAccess: () => Promise<void>,
): AppStorage {
	const openBucket = async () => {
		await checkAccess();
		const bucket = binding<R2Bucket>(BINDING);
		if (bucket) return bucket;
		throw new Error(
			`tidings: this Worker has no storage for apps; bind an R2 bucket with [[r2_buckets]] binding = "${BINDING}" in the Worker of the app`,
		);
	};
	return {
		async put(path, value) {
			const key = keyOf(app, path);
			const text = bodyText(value, `storage: the value for ${path}`);
			const httpMetadata = { contentType: "application/json" };
			await (await openBucket()).put(key, text, { httpMetadata });
		},
		async get<Value>(path: string) {
			const key = keyOf(app, path);
			const found = await (await openBucket()).get(key);
			return found && ((await found.json()) as Value);
		},
		async list(folder = "/", { cursor } = {}) {
			const inner = folder.replace(/^\/+|\/+$/g, "");
			const prefix = inner === "" ? `${app}/` : `${keyOf(app, inner)}/`;
			const page = await (await openBucket()).list({
				prefix,
				...(cursor !== undefined && { cursor }),
			});
			return {
				paths: page.objects.map(({ key }) => key.slice(app.length)),
				...(page.truncated && { cursor: page.cursor }),
			};
		},
		async delete(path) {
			const key = keyOf(app, path);
			await (await openBucket()).delete(key);
		},
	};
}

/** @throws RefusedError `invalid_request` unless the path stays inside the app's space */
function keyOf(app: string, path: unknown): string {
	const text = typeof path === "string" ? path.replace(/^\//, "") : "";
	const key = `${app}/${text}`;
	const isInside = text
		.split("/")
		.every((part) => part !== "" && part !== "." && part !== "..");
	const isPlain = !/[\\\p{C}]/u.test(text);
	const bytes = new TextEncoder().encode(key).length;
	if (isInside && isPlain && bytes <= KEY_BYTES) return key;
	throw new RefusedError(
		"invalid_request",
		`storage: ${JSON.stringify(path)} is not a path; use segments joined by /, none of them empty, . or .., at most ${KEY_BYTES} bytes with the app's name`,
	);
}
