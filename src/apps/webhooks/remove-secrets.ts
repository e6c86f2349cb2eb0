/**
 * Removes secrets from a webhook call before it is stored. Everyone who may read dead letters can read what is
 * stored. It knows secrets by the names of headers and query parameters, and does not read the body.
 */
import type { HookRequest, Trigger } from "./trigger.ts";

/** Credentials, session cookies and signatures, wherever the word is in a name. */
const SECRET_WORDS =
	/authentication$|authori[sz]ation|cookie|credential|hmac|jwt|passphrase|passw|secret|session|signature|token|(access|api|auth|functions|private|subscription)[-_]?key/i;

/** Words that mean a secret only if they are whole. A `key` is one in a query: `X-Event-Key` is not. */
const SECRET_NAMES = /(^|[-_])(auth|pass|pwd|sig)([-_]|$)|^key$/i;

/**
 * Returns the call as it may be stored: without its URL, and without secrets.
 *
 * @param webhookSecret the secret in the URL; a header or parameter that contains it is removed
 * @param secretNames more names of headers and query parameters, in any case
 */
export function withoutSecrets(
	{ method, headers, rawQuery, bytes }: HookRequest,
	webhookSecret: string,
	secretNames: readonly string[],
): Extract<Trigger, { trigger: "hook" }> {
	const more = new Set(secretNames.map((name) => name.toLowerCase()));
	const isPublic = ([name, value]: [string, string]) =>
		!SECRET_WORDS.test(name) &&
		!SECRET_NAMES.test(name) &&
		!more.has(name.toLowerCase()) &&
		!value.includes(webhookSecret);
	// Pair by pair, so that the others stay as they were sent.
	const pairs = rawQuery
		.split("&")
		.filter((pair) => [...new URLSearchParams(pair)].every(isPublic));
	return {
		trigger: "hook",
		method,
		headers: Object.fromEntries(Object.entries(headers).filter(isPublic)),
		query: Object.fromEntries(new URLSearchParams(pairs.join("&"))),
		rawQuery: pairs.join("&"),
		bytes,
	};
}
