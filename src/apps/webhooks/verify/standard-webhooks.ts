/** Verifies Standard Webhooks, also with the header names of Svix. The signature covers the id of the delivery. */
import type { Verify } from "../webhook-module.ts";
import {
	base64,
	isRecent,
	isSame,
	secretOf,
	signatureOf,
	type TimedHook,
	toleranceOf,
} from "./signature.ts";

/**
 * Verifies Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`, with a secret `whsec_…`. One
 * valid signature among several `v1` signatures is enough, so that the sender can rotate its secret.
 *
 * @throws RangeError unless the tolerance is greater than 0; TypeError, with each request, while the secret is not set
 * or not base64
 * @example
 * export const verify = standardWebhooks({ secret: (env) => env.MAIL_SECRET });
 */
export function standardWebhooks(options: TimedHook): Verify {
	return standardScheme("standardWebhooks", "webhook", options);
}

/**
 * Verifies Standard Webhooks with the names of Svix's headers: `svix-id`, `svix-timestamp` and `svix-signature`.
 *
 * @throws as `standardWebhooks` does
 * @example
 * export const verify = svixSignature({ secret: (env) => env.SVIX_SECRET });
 */
export function svixSignature(options: TimedHook): Verify {
	return standardScheme("svixSignature", "svix", options);
}

function standardScheme(
	preset: string,
	sender: string,
	options: TimedHook,
): Verify {
	const tolerance = toleranceOf(preset, options);
	return async ({ headers, bytes }, { env, now }) => {
		const key = decoded(preset, secretOf(preset, options, env));
		const id = headers[`${sender}-id`];
		const timestamp = headers[`${sender}-timestamp`];
		const signatures = headers[`${sender}-signature`];
		if (!id || !timestamp || !signatures) return false;
		if (!isRecent(timestamp, tolerance, now)) return false;
		const expected = await signatureOf(key, `${id}.${timestamp}.`, bytes);
		const shown = signatures.split(" ");
		return shown.some((one) => isSame(one, `v1,${base64(expected)}`))
			? { deliveryId: id }
			: false;
	};
}

/** The bytes of a secret `whsec_<base64>`. */
function decoded(preset: string, secret: string): Uint8Array {
	try {
		const text = atob(secret.replace(/^whsec_/, ""));
		if (text !== "") return Uint8Array.from(text, (c) => c.charCodeAt(0));
	} catch {
		// Falls through: the platform's own error would show the secret.
	}
	throw new TypeError(
		`${preset}: its secret is not base64; use it as the sender shows it, whsec_…`,
	);
}
