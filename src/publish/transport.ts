/**
 * Sends requests to the Worker that owns the events, over a service binding or over HTTP. It sends bodies as plain
 * JSON and checks answers: each failure is one of our errors. It does not check events.
 */
import { checkForm } from "../event/after-form.ts";
import {
	isOurs,
	isReceipt,
	mapAtIndex,
	type Receipt,
	reviveError,
	UnavailableError,
} from "../event/errors.ts";
import { bodyText } from "../event/json.ts";
import { ANSWER_TIME } from "../event/limits.ts";
import { show } from "../event/validation.ts";
import { inTime, realTimer } from "../platform/timer.ts";
import { ownTags } from "./labels.ts";
import type { PublishRequest } from "./request.ts";

/** A service binding to the owner's `Publisher` entrypoint: `env.EVENTS`. */
export interface PublisherBinding {
	// biome-ignore lint/suspicious/noExplicitAny: a stub's methods are as the owner's catalogue types them
	publish(...args: any[]): Promise<Receipt>;
	// biome-ignore lint/suspicious/noExplicitAny: likewise
	publishBatch(items: any): Promise<Receipt[]>;
	cancel(id: string): Promise<boolean>;
	// biome-ignore lint/suspicious/noExplicitAny: likewise
	reschedule(id: string, after: any): Promise<Receipt | false>;
	runTool(
		app: string,
		tool: string,
		input: unknown,
		options: { tokens: readonly string[] },
	): Promise<unknown>;
}

/** The binding as `wrangler types` writes it without the entrypoint's class: a bare `Service`. */
export interface BareBinding {
	// biome-ignore lint/suspicious/noExplicitAny: the platform's own method, never called
	connect(...args: any[]): unknown;
}

/** A connection to the Worker that owns the events. */
interface Transport {
	publish(request: PublishRequest): Promise<Receipt>;
	publishBatch(requests: PublishRequest[]): Promise<Receipt[]>;
	cancel(id: string): Promise<boolean>;
	reschedule(id: string, after: unknown): Promise<Receipt | false>;
}

/** Everything that a Worker can ask of the owner of the events. */
export interface Bus extends Transport {
	/** Runs a tool of an app at once. */
	runTool(
		app: string,
		tool: string,
		input: unknown,
		tokens: readonly string[],
	): Promise<unknown>;
}

/** The calls of a `Transport`. Anything may answer them. */
export type Calls = {
	[Method in keyof Transport]: (
		...args: Parameters<Transport[Method]>
	) => Promise<unknown>;
};

/** Sends plain JSON, and checks each answer. */
export function checkedTransport(owner: Calls): Transport {
	return {
		publish: (request) =>
			answerTo(() => owner.publish(plain(request)), isReceipt),
		publishBatch: (requests) =>
			answerTo(
				() => owner.publishBatch(mapAtIndex(requests, plain)),
				(answer) =>
					Array.isArray(answer) &&
					answer.length === requests.length &&
					answer.every(isReceipt),
			),
		cancel: (id) => answerTo(() => owner.cancel(id), isBoolean),
		reschedule: (id, after) =>
			answerTo(
				() => {
					checkForm(after);
					return owner.reschedule(id, after);
				},
				(answer) => answer === false || isReceipt(answer),
			),
	};
}

function isBoolean(answer: unknown): boolean {
	return typeof answer === "boolean";
}

/**
 * Makes a call, and waits 25 seconds at most. If the answer is missing or not one of Tidings, it is unknown whether the
 * owner did what the call asked for.
 *
 * @throws one of our errors for every failure
 */
async function answerTo<Result>(
	call: () => Promise<unknown>,
	isValid: (answer: unknown) => boolean,
): Promise<Result> {
	let answer: unknown;
	try {
		// An error of `call` itself must be a rejection.
		const answering = (async () => call())();
		answer = await inTime(answering, ANSWER_TIME, realTimer);
	} catch (thrown) {
		const error = reviveError(thrown);
		if (isOurs(error)) throw error;
		throw new UnavailableError(
			`the owner of the events did not answer: ${Object(thrown).message ?? show(thrown)}: try again`,
			{ cause: thrown },
		);
	}
	if (isValid(answer)) return answer as Result;
	throw new UnavailableError(
		`${show(answer)} is not an answer of Tidings: check which Worker the binding or the URL leads to`,
	);
}

/** Makes a call, and restores the class of an error that crossed a binding or HTTP. */
export async function withRevivedErrors<Result>(
	call: () => Promise<Result>,
): Promise<Result> {
	try {
		return await call();
	} catch (error) {
		throw reviveError(error);
	}
}

/** A request is plain JSON, so that dates and class instances behave alike at every entry point. */
function plain(request: PublishRequest): PublishRequest {
	const { name, body, definition, ...options } = request;
	if (options.after !== undefined) checkForm(options.after);
	const plainBody = JSON.parse(bodyText(body));
	// The owner may not have the definition.
	const own = definition?.tags && ownTags(definition, plainBody);
	const tags = own ? { ...own, ...Object(options.tags) } : options.tags;
	const given = Object.entries({ ...options, tags }).filter(
		([, value]) => value !== undefined,
	);
	return { name, body: plainBody, ...Object.fromEntries(given) };
}

/** A rejection returned as a value. A rejection that is thrown over RPC appears as `Uncaught` in the owner's log. */
export type Answer = { value: unknown } | { error: object };

/**
 * Calls a method of the owner's entrypoint.
 *
 * @throws the error that the owner returned
 */
export async function callOwner(
	binding: PublisherBinding,
	method: keyof PublisherBinding,
	...args: unknown[]
): Promise<unknown> {
	type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;
	const owner = binding as unknown as Methods;
	// A test double of a user may have the documented methods only.
	if (typeof owner.request !== "function") return owner[method]?.(...args);
	const answer = (await owner.request(method, args)) as Answer;
	if ("error" in answer) throw reviveError(answer.error);
	return answer.value;
}

export function overBinding(binding: PublisherBinding): Calls {
	return {
		publish: ({ name, body, ...options }) =>
			Object.keys(options).length === 0
				? callOwner(binding, "publish", name, body)
				: callOwner(binding, "publish", name, options, body),
		publishBatch: (requests) => callOwner(binding, "publishBatch", requests),
		cancel: (id) => callOwner(binding, "cancel", id),
		reschedule: (id, after) => callOwner(binding, "reschedule", id, after),
	};
}
