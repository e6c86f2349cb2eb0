/** Triggers of an app's event: a webhook call, a poll or a mail, and how one travels as the body of an event. */
import { RefusedError } from "../../event/errors.ts";
import { jsonOf } from "./json.ts";

/** A call of a webhook, as `verify` and `respond` receive it. */
export interface HookRequest {
	method: string;
	/** The URL that was called, with its query. It contains the secret of the webhook. */
	url: string;
	/** The public URL of the webhook, as `start` receives it. It differs from `url` behind a proxy or a tunnel. */
	webhookUrl: string;
	/** By names in lower case. */
	headers: Record<string, string>;
	/** The last value of each name. */
	query: Record<string, string>;
	/** The query in its original form, without the `?`. Use `new URLSearchParams(rawQuery)` to read repeated parameters. */
	rawQuery: string;
	/** Decompressed, if the sender compressed them. */
	bytes: Uint8Array;
	/** The parsed bytes, if they are JSON. Never set for `verify`, nor for a request that `verify` does not accept. */
	// biome-ignore lint/suspicious/noExplicitAny: the sender decides its type
	json?: any;
}

/** The answer of an app to a request. */
export type Received =
	/** The request is not genuine. */
	| { type: "refused" }
	/** The app's code threw. Its Worker has logged the error, which a caller must not see. */
	| { type: "failed" }
	/** The request was a handshake. Respond with this. */
	| { type: "answered"; response: Response }
	| {
			type: "accepted";
			deliveryId: string | undefined;
			/** Names of headers and query parameters that the app wants removed, in addition to the known ones. */
			secretNames: readonly string[];
	  };

/** The first argument of a `handler`. */
export type Trigger =
	| ({ trigger: "hook" } & Omit<HookRequest, "url" | "webhookUrl">)
	| { trigger: "poll" }
	| Mail;

export interface Mail {
	trigger: "mail";
	from: string;
	to: string;
	headers: Record<string, string>;
	/** The raw message with its headers. */
	bytes: Uint8Array;
}

/** A trigger as the body of an event. */
export interface TriggerBody {
	/** Added when the event is handled, and never stored: the URL is a secret. */
	webhookUrl?: string;
	trigger: Trigger["trigger"];
	/** The bytes. */
	base64?: string;
	[key: string]: unknown;
}

/** Checks an edited body before its replay. @throws RefusedError `invalid_body` */
export function checkTriggerBody(value: unknown): asserts value is TriggerBody {
	const { trigger, base64, headers, ...rest } = Object(value);
	const { method, query, rawQuery, from, to } = rest;
	const isComplete =
		(trigger === "hook" &&
			[method, rawQuery].every((one) => typeof one === "string") &&
			[headers, query].every(isTexts)) ||
		(trigger === "mail" &&
			[from, to].every((one) => typeof one === "string") &&
			isTexts(headers));
	if (trigger === "poll" || (isComplete && isBase64(base64))) return;
	throw new RefusedError(
		"invalid_body",
		'body: it is not the body of a trigger; use { trigger: "hook", method, headers, query, rawQuery, base64 }, { trigger: "mail", from, to, headers, base64 } or { trigger: "poll" }',
	);
}

function isTexts(value: unknown): boolean {
	return (
		typeof value === "object" &&
		value !== null &&
		Object.values(value).every((one) => typeof one === "string")
	);
}

function isBase64(value: unknown): boolean {
	try {
		return typeof value === "string" && bytesFrom(value).length >= 0;
	} catch {
		return false;
	}
}

export function triggerFrom({
	base64,
	webhookUrl: _,
	...trigger
}: TriggerBody): Trigger {
	if (base64 === undefined) return trigger as Trigger;
	const bytes = bytesFrom(base64);
	const json = trigger.trigger === "hook" ? jsonOf(bytes) : undefined;
	return {
		...trigger,
		bytes,
		...(json !== undefined && { json }),
	} as Trigger;
}

export function bodyOf(trigger: Trigger): TriggerBody {
	if (!("bytes" in trigger)) return trigger;
	const { bytes, ...rest } = trigger;
	return { ...rest, base64: base64Of(bytes) };
}

/** Bytes per call, because a call has a limit of arguments. */
const CHUNK = 8_192;

function base64Of(bytes: Uint8Array): string {
	let text = "";
	for (let start = 0; start < bytes.length; start += CHUNK)
		text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
	return btoa(text);
}

function bytesFrom(base64: string): Uint8Array {
	return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
