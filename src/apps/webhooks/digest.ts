/** The SHA-256 digest of a content, which identifies the content in the id of a delivery. It compares nothing. */

/** Returns hexadecimal digits. */
export async function digestOf(content: string | Uint8Array): Promise<string> {
	const bytes =
		typeof content === "string" ? new TextEncoder().encode(content) : content;
	return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

export function hex(bytes: Uint8Array): string {
	return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
