/** Verifies Twilio, which signs the URL and the parameters of a form, or the URL with a digest of the body. */
import { digestOf } from "../digest.ts";
import type { HookRequest } from "../trigger.ts";
import type { Verify } from "../webhook-module.ts";
import {
	accepted,
	base64,
	type IdentifiedHook,
	isSame,
	secretOf,
	signatureOf,
} from "./signature.ts";

/**
 * Verifies signatures of Twilio: `X-Twilio-Signature`, HMAC-SHA1 in base64. Forms need no option; for other bodies,
 * Twilio adds `bodySHA256` to the URL. By default, a request with the same signed content is the same delivery.
 *
 * @throws TypeError, with each request, while the secret is not set
 * @example
 * export const verify = twilioSignature({ secret: (env) => env.TWILIO_AUTH_TOKEN });
 */
export function twilioSignature(options: IdentifiedHook): Verify {
	return async (request, { env }) => {
		const key = secretOf("twilioSignature", options, env);
		const shown = request.headers["x-twilio-signature"];
		const content = await signedContent(request);
		if (!shown || content === undefined) return false;
		for (const url of urlsOf(request)) {
			const signed = url + content;
			const expected = await signatureOf(key, signed, undefined, "SHA-1");
			if (isSame(shown, base64(expected)))
				return accepted(options, request, () => digestOf(signed));
		}
		return false;
	};
}

/** Behind a proxy or a tunnel, the URL that was called is not the one that the sender knows. */
function urlsOf({ url, webhookUrl, rawQuery }: HookRequest): string[] {
	return [url, rawQuery === "" ? webhookUrl : `${webhookUrl}?${rawQuery}`];
}

/** Returns what follows the URL in the signed text, or undefined if the signature does not cover the body. */
async function signedContent({
	headers,
	rawQuery,
	bytes,
}: HookRequest): Promise<string | undefined> {
	const digest = new URLSearchParams(rawQuery).get("bodySHA256");
	if (digest !== null)
		return isSame(digest.toLowerCase(), await digestOf(bytes)) ? "" : undefined;
	const [type = ""] = (headers["content-type"] ?? "").split(";");
	if (type.trim().toLowerCase() !== "application/x-www-form-urlencoded")
		return bytes.length === 0 ? "" : undefined;
	const form = new URLSearchParams(new TextDecoder().decode(bytes));
	// Each value of a name once, as Twilio's own libraries sign it.
	return [...new Set(form.keys())]
		.sort()
		.flatMap((name) =>
			[...new Set(form.getAll(name))].sort().map((value) => name + value),
		)
		.join("");
}
