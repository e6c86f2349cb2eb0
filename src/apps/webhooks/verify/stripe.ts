/** Verifies Stripe. The id of the delivery is in the body, which is parsed only after its signature is verified. */

import { hex } from "../digest.ts";
import { jsonOf } from "../json.ts";
import type { Verify } from "../webhook-module.ts";
import {
	idIn,
	isRecent,
	isSame,
	secretOf,
	signatureOf,
	type TimedHook,
	toleranceOf,
} from "./signature.ts";

/**
 * Verifies signatures of Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>`, with one `v1` or several.
 *
 * @throws RangeError unless the tolerance is greater than 0; TypeError, with each request, while the secret is not set
 * @example
 * export const verify = stripeSignature({ secret: (env) => env.STRIPE_SECRET });
 */
export function stripeSignature(options: TimedHook): Verify {
	const tolerance = toleranceOf("stripeSignature", options);
	return async ({ headers, bytes }, { env, now }) => {
		const key = secretOf("stripeSignature", options, env);
		const parts = (headers["stripe-signature"] ?? "").split(",");
		const [timestamp, another] = valuesOf(parts, "t=");
		if (!timestamp || another !== undefined) return false;
		if (!isRecent(timestamp, tolerance, now)) return false;
		const expected = await signatureOf(key, `${timestamp}.`, bytes);
		const shown = valuesOf(parts, "v1=");
		return shown.some((one) => isSame(one, hex(expected)))
			? { deliveryId: idIn(jsonOf(bytes)?.id) }
			: false;
	};
}

function valuesOf(parts: readonly string[], name: string): string[] {
	return parts
		.map((part) => part.trim())
		.filter((part) => part.startsWith(name))
		.map((part) => part.slice(name.length));
}
