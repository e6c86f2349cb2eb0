/**
 * Bounds the answers that an app gives to callers of its webhook. They come from the owner's origin, where its own
 * pages may be signed in: they must not run scripts, set cookies or redirect.
 */

/** Handshakes need headers of their own, such as `X-Hook-Secret` and `WebHook-Allowed-Origin`. */
const ALLOWED_HEADERS =
	/^(allow|content-language|content-type|retry-after|webhook-.+|x-.+)$/;

const ALLOWED_TYPES =
	/^(text\/(plain|xml)|application\/(xml|([\w.-]+\+)?json))$/;

/** Set last. A browser that opens the answer must neither guess its type nor give it the rights of the origin. */
const ISOLATION = {
	"content-security-policy": "default-src 'none'; sandbox",
	"x-content-type-options": "nosniff",
};

/** @throws RangeError for a status that an answer cannot have */
export function boundedAnswer(response: Response): Response {
	const headers = new Headers();
	for (const [name, value] of response.headers)
		if (ALLOWED_HEADERS.test(name)) headers.append(name, value);
	const [type = ""] = (headers.get("content-type") ?? "").split(";");
	if (response.body && !ALLOWED_TYPES.test(type.trim().toLowerCase()))
		headers.set("content-type", "text/plain; charset=utf-8");
	for (const [name, value] of Object.entries(ISOLATION))
		headers.set(name, value);
	return new Response(response.body, { status: response.status, headers });
}

/**
 * Agrees to the handshake of CloudEvents (HTTP 1.1 Web Hooks for Event Delivery, 4): the sender asks with OPTIONS
 * whether it may call. It knows the URL, and the URL is the secret.
 */
export function handshakeAnswer(
	{ method, headers }: Request,
	methods: readonly string[],
): Response | undefined {
	const origin = headers.get("webhook-request-origin");
	if (method !== "OPTIONS" || !origin) return undefined;
	return new Response(null, {
		headers: {
			allow: methods.join(", "),
			"webhook-allowed-origin": origin,
			"webhook-allowed-rate": "*",
		},
	});
}
