/** An app's space in the bucket: JSON by path. No path leads out of it. */
import { RefusedError } from "../event/errors.ts";
import { binding } from "../platform/environment.ts";

/** The binding of the bucket, in the Worker that runs the app. */
const BINDING = "APP_STORAGE";

/** A key of R2 has so many bytes at the most (Cloudflare R2, limits). */
const KEY_BYTES = 1_024;

export interface AppStorage {
	/** Keeps a value as JSON. @throws RefusedError for a path that leads out, or a value that is no JSON */
	put(path: string, value: unknown): Promise<void>;
	/** The value, or null where there is none. */
	get<Value = unknown>(path: string): Promise<Value | null>;
	/** Paths below a folder, up to 1 000; `cursor` leads to the next ones. */
	list(
		folder?: string,
		options?: { cursor?: string },
	): Promise<{ paths: string[]; cursor?: string }>;
	/** Removes a value; none is removed where there is none. */
	delete(path: string): Promise<void>;
}

/** @param check rejects unless the space may be used */
export function storageOf(app: string, check: () => Promise<void>): AppStorage {
	const opened = async () => {
		await check();
		const bucket = binding<R2Bucket>(BINDING);
		if (bucket) return bucket;
		throw new Error(
			`tidings: apps have no storage here: bind an R2 bucket as ${BINDING}, [[r2_buckets]] binding = "${BINDING}", in the Worker of the app`,
		);
	};
	return {
		async put(path, value) {
			const key = keyOf(app, path);
			const text = JSON.stringify(value);
			if (text === undefined)
				throw new RefusedError("invalid_body", `${path}: the value is no JSON`);
			const httpMetadata = { contentType: "application/json" };
			await (await opened()).put(key, text, { httpMetadata });
		},
		async get<Value>(path: string) {
			const key = keyOf(app, path);
			const found = await (await opened()).get(key);
			return found && ((await found.json()) as Value);
		},
		async list(folder = "/", { cursor } = {}) {
			const inner = folder.replace(/^\/+|\/+$/g, "");
			const prefix = inner === "" ? `${app}/` : `${keyOf(app, inner)}/`;
			const page = await (await opened()).list({
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
			await (await opened()).delete(key);
		},
	};
}

/** @throws RefusedError `invalid_request` for what is no path inside the app's space */
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
		`storage: ${JSON.stringify(path)} is no path: segments joined by /, none of them empty, . or .., at most ${KEY_BYTES} bytes with the app's name`,
	);
}
