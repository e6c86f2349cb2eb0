/** What comes to an app's event from outside, as it came, and as the body of the event that it becomes. */

import type { AppIdentity } from "../app-host.ts";
import { parseAppEventName } from "../app-name.ts";

/** The raw request, as it came. */
export interface HookRequest {
	method: string;
	/** By names in lower case. */
	headers: Record<string, string>;
	query: Record<string, string>;
	bytes: Uint8Array;
}

/** What is to be done with a request. */
export type Received =
	| { type: "refused" }
	| { type: "answered"; response: Response }
	| { type: "accepted" };

/** What a `handler` gets. */
export type Trigger =
	| ({
			trigger: "hook";
			/** The bytes as JSON, where they are that. */
			// biome-ignore lint/suspicious/noExplicitAny: the sender's own
			json?: any;
	  } & HookRequest)
	| { trigger: "poll" }
	| {
			trigger: "mail";
			from: string;
			to: string;
			headers: Record<string, string>;
			/** The message as it came, headers and all. */
			bytes: Uint8Array;
	  };

/** A trigger as an event's body: bytes as base64. */
export interface TriggerBody {
	/** Put in as the event is handled, and kept nowhere: whoever knows it may call it. */
	webhookUrl?: string;
	trigger: Trigger["trigger"];
	base64?: string;
	[member: string]: unknown;
}

const END = "/trigger";

/** The name of the event that a trigger is. */
export function triggerName(eventName: string): string {
	return eventName + END;
}

/** In whose name the handlers of an event run: the app's, where it is a trigger. */
export function identityOfTrigger(name: string): AppIdentity | undefined {
	return name.endsWith(END)
		? parseAppEventName(name.slice(0, -END.length))
		: undefined;
}

export function triggerOf({
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

/** As many bytes at once as a call may have arguments. */
const STRIDE = 8_192;

function base64Of(bytes: Uint8Array): string {
	let text = "";
	for (let at = 0; at < bytes.length; at += STRIDE)
		text += String.fromCharCode(...bytes.subarray(at, at + STRIDE));
	return btoa(text);
}

function bytesFrom(base64: string): Uint8Array {
	return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}
