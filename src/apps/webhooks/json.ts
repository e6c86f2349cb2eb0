/** Parses the bytes of a webhook call. */

/** Returns undefined if the bytes are not JSON in UTF-8. */
// biome-ignore lint/suspicious/noExplicitAny: the sender decides its type
export function jsonOf(bytes: Uint8Array): any {
	try {
		return JSON.parse(
			new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes),
		);
	} catch {
		return undefined;
	}
}
