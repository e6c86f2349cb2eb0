/** Triggers of an app's event: a webhook call, a poll or a mail, and how one travels as the body of an event. */
import type { AppIdentity } from "../app-host.ts";
import { parseAppEventName } from "../app-name.ts";

/** A raw request to a webhook. */
export interface HookRequest {
	method: string;
	/** By names in lower case. */
	headers: Record<string, string>;
	query: Record<string, string>;
	bytes: Uint8Array;
}

/** The answer of an app to a request. */
export type Received =
	/** The request is not genuine. */
	| { type: "refused" }
	/** The request was a handshake. Respond with this. */
	| { type: "answered"; response: Response }
	| { type: "accepted" };

/** The first argument of a `handler`. */
export type Trigger =
	| ({
			trigger: "hook";
			/** The parsed bytes, if they are JSON. */
			// biome-ignore lint/suspicious/noExplicitAny: the sender decides its type
			json?: any;
	  } & HookRequest)
	| { trigger: "poll" }
	| {
			trigger: "mail";
			from: string;
			to: string;
			headers: Record<string, string>;
			/** The raw message with its headers. */
			bytes: Uint8Array;
	  };

/** A trigger as the body of an event. */
export interface TriggerBody {
	/** Added when the event is handled, and never stored: the URL is a secret. */
	webhookUrl?: string;
	trigger: Trigger["trigger"];
	/** The bytes. */
	base64?: string;
	[key: string]: unknown;
}

const SUFFIX = "/trigger";

/** The name of the events that carry an app event's triggers. */
export function triggerName(eventName: string): string {
	return eventName + SUFFIX;
}

/** Returns the app with whose identity a trigger's handler runs; undefined for any other event. */
export function identityOfTrigger(name: string): AppIdentity | undefined {
	return name.endsWith(SUFFIX)
		? parseAppEventName(name.slice(0, -SUFFIX.length))
		: undefined;
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

function jsonOf(bytes: Uint8Array): unknown {
	try {
		return JSON.parse(
			new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes),
		);
	} catch {
		return undefined;
	}
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
