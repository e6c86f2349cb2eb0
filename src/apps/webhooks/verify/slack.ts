/** Verifies Slack, and answers its handshake. The id of an event is in the body, which is parsed after its signature. */
import { hex } from "../digest.ts";
import { jsonOf } from "../json.ts";
import type { HookModule, Verify } from "../webhook-module.ts";
import {
	contentId,
	idIn,
	isRecent,
	isSame,
	secretOf,
	signatureOf,
	type TimedHook,
	toleranceOf,
} from "./signature.ts";

/**
 * Verifies signatures of Slack: `X-Slack-Signature: v0=<hex>` over `X-Slack-Request-Timestamp` and the body. Export
 * `respondToSlack` next to it.
 *
 * @throws RangeError unless the tolerance is greater than 0; TypeError, with each request, while the secret is not set
 * @example
 * export const verify = slackSignature({ secret: (env) => env.SLACK_SIGNING_SECRET });
 * export const respond = respondToSlack;
 */
export function slackSignature(options: TimedHook): Verify {
	const tolerance = toleranceOf("slackSignature", options);
	return async ({ headers, bytes }, { env, now }) => {
		const key = secretOf("slackSignature", options, env);
		const timestamp = headers["x-slack-request-timestamp"] ?? "";
		if (!isRecent(timestamp, tolerance, now)) return false;
		const expected = await signatureOf(key, `v0:${timestamp}:`, bytes);
		const shown = headers["x-slack-signature"] ?? "";
		if (!isSame(shown, `v0=${hex(expected)}`)) return false;
		// A command or an interaction has no id. The time is signed, and a repeated request has the same time.
		const id = idIn(jsonOf(bytes)?.event_id);
		return { deliveryId: id ?? (await contentId(bytes, timestamp)) };
	};
}

/** Answers Slack's `url_verification`, a request that Slack signs like any other. */
export const respondToSlack: NonNullable<HookModule["respond"]> = ({ json }) =>
	json?.type === "url_verification" && typeof json.challenge === "string"
		? new Response(json.challenge)
		: undefined;
