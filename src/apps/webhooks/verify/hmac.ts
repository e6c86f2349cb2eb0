/** Verifies senders that sign only the body, and no id of the delivery: GitHub, Shopify, and others with one header. */
import { hex } from "../digest.ts";
import type { HookRequest } from "../trigger.ts";
import type { Verify } from "../webhook-module.ts";
import {
	accepted,
	base64,
	contentId,
	type IdentifiedHook,
	isSame,
	secretOf,
	signatureOf,
} from "./signature.ts";

interface HmacHook extends IdentifiedHook {
	/** The header with the signature, in any case. */
	header: string;
	/** The text before the signature, such as `sha256=`. Default: none. */
	prefix?: string;
	/** Default `hex`. */
	encoding?: "hex" | "base64";
}

/**
 * Verifies signatures of GitHub: `X-Hub-Signature-256: sha256=<hex>`. GitHub signs only the body. By default, a
 * repeated body is the same delivery.
 *
 * @throws TypeError, with each request, while the secret is not set
 * @example
 * export const verify = githubSignature({ secret: (env) => env.GITHUB_SECRET });
 */
export function githubSignature(options: IdentifiedHook): Verify {
	const scheme = { header: "x-hub-signature-256", prefix: "sha256=" };
	return bodyScheme("githubSignature", { ...options, ...scheme }, (request) =>
		contentId(request.bytes),
	);
}

/**
 * Verifies signatures of Shopify: `X-Shopify-Hmac-Sha256`. Shopify signs only the body. By default, a repeated body
 * with a repeated `X-Shopify-Topic` is the same delivery: several topics may have the same body.
 *
 * @throws TypeError, with each request, while the secret is not set
 * @example
 * export const verify = shopifySignature({ secret: (env) => env.SHOPIFY_SECRET });
 */
export function shopifySignature(options: IdentifiedHook): Verify {
	const scheme = {
		header: "x-shopify-hmac-sha256",
		encoding: "base64",
	} as const;
	return bodyScheme("shopifySignature", { ...options, ...scheme }, (request) =>
		contentId(request.bytes, request.headers["x-shopify-topic"]),
	);
}

/**
 * Verifies HMAC-SHA256 signatures over the bytes of the request, which the sender puts into a header. Without
 * `deliveryId`, each request is a new event: equal bytes may be two events, as in the notifications of Dropbox.
 *
 * @throws TypeError, with each request, while the secret is not set
 * @example
 * export const verify = hmacSignature({
 * 	header: "x-signature",
 * 	secret: (env) => env.SHOP_SECRET,
 * 	deliveryId: ({ json }) => json?.id,
 * });
 */
export function hmacSignature(options: HmacHook): Verify {
	return bodyScheme("hmacSignature", options, async () => undefined);
}

function bodyScheme(
	preset: string,
	options: HmacHook,
	defaultId: (request: HookRequest) => Promise<string | undefined>,
): Verify {
	const { prefix = "", encoding = "hex" } = options;
	const header = options.header.toLowerCase();
	return async (request, { env }) => {
		const key = secretOf(preset, options, env);
		const shown = request.headers[header];
		if (!shown?.startsWith(prefix)) return false;
		const signature = shown.slice(prefix.length);
		const expected = await signatureOf(key, "", request.bytes);
		const isGenuine =
			encoding === "hex"
				? isSame(signature.toLowerCase(), hex(expected))
				: isSame(signature, base64(expected));
		return isGenuine
			? accepted(options, request, () => defaultId(request))
			: false;
	};
}
