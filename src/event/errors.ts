/**
 * The errors a caller meets, named for what can be done about them.
 *
 * An error that crosses a service binding keeps its own properties but not its class: `code` tells
 * which it is, and `reviveError` gives the class back.
 */
import type { Awaitable } from "./awaitable.ts";

/** Why a value was refused; the same word in the library, over a binding, and in a problem document. */
export type RefusalCode =
	| "batch_too_large"
	| "event_too_large"
	| "invalid_after"
	| "invalid_body"
	| "invalid_handler"
	| "invalid_name"
	| "invalid_request"
	| "invalid_token"
	| "not_supported"
	| "schema_violation"
	| "unknown_app"
	| "unknown_event"
	| "unknown_lane"
	| "unknown_tool";

/** One thing that a schema found wrong; `path` leads to it from the body, `items.0.price`, or is empty. */
export interface Issue {
	path: string;
	message: string;
}

/** What a publish was answered with: the event's id, its time and its delay, both in milliseconds. */
export interface Receipt {
	id: string;
	/** When `publish` was called, in epoch milliseconds. */
	time: number;
	/** Due time minus `time`; 0 for an event that was not scheduled. */
	delay: number;
}

/** The value cannot be accepted as it is: mend the call. Nothing of it was accepted. */
export class RefusedError extends Error {
	override readonly name = "RefusedError";
	readonly code: RefusalCode;
	/** Which event of a batch it was, counted from 0. */
	declare readonly index?: number;
	/** What the schema found, with `schema_violation`. */
	declare readonly issues?: Issue[];

	constructor(
		code: RefusalCode,
		message: string,
		details: { index?: number; issues?: Issue[] } = {},
	) {
		super(message);
		this.code = code;
		if (details.index !== undefined) this.index = details.index;
		if (details.issues !== undefined) this.issues = details.issues;
	}
}

/** The caller has no right to publish this name: widen its `publish` list or the key's scopes. */
export class ForbiddenError extends Error {
	override readonly name = "ForbiddenError";
	readonly code = "forbidden";
	declare readonly index?: number;

	constructor(message: string, details: { index?: number } = {}) {
		super(message);
		if (details.index !== undefined) this.index = details.index;
	}
}

/** The key is missing, unknown or wrong. */
export class UnauthorizedError extends Error {
	override readonly name = "UnauthorizedError";
	readonly code = "unauthorized";
}

/** The tool was run, and failed: its message says how. */
export class ToolFailedError extends Error {
	override readonly name = "ToolFailedError";
	readonly code = "tool_failed";
}

/** The queue or an object did not take the event: publish it again. */
export class UnavailableError extends Error {
	override readonly name = "UnavailableError";
	readonly code = "unavailable";
}

/** Some events of a valid batch were accepted and some were not: publish those at `failed` again. */
export class PartialPublishError extends Error {
	override readonly name = "PartialPublishError";
	readonly code = "partial_publish";
	/** In the order of the batch; `null` where the event was not accepted. */
	readonly receipts: (Receipt | null)[];
	/** Indexes of the events that were not accepted. */
	readonly failed: number[];

	constructor(receipts: (Receipt | null)[], options?: ErrorOptions) {
		const failed = receipts.flatMap((receipt, index) =>
			receipt === null ? [index] : [],
		);
		super(
			`${failed.length} of ${receipts.length} events were not accepted (${failed.slice(0, 10).join(", ")}${failed.length > 10 ? ", …" : ""}): publish those again`,
			options,
		);
		this.receipts = receipts;
		this.failed = failed;
	}
}

/** The same error, saying which event of a batch it is about; any other stays as it is. */
export function atIndex(error: unknown, index: number): unknown {
	if (error instanceof RefusedError)
		return new RefusedError(error.code, `events[${index}]: ${error.message}`, {
			...error,
			index,
		});
	return error instanceof ForbiddenError
		? new ForbiddenError(`events[${index}]: ${error.message}`, { index })
		: error;
}

/** Maps a batch; an error says which event it is about. */
export function mapAtIndex<Item, Result>(
	items: readonly Item[],
	each: (item: Item) => Result,
): Result[] {
	const results: Result[] = [];
	try {
		// Gaps of a sparse array are items too.
		while (results.length < items.length)
			results.push(each(items[results.length] as Item));
	} catch (error) {
		throw atIndex(error, results.length);
	}
	return results;
}

/** The error that a caller sees, made again from one that came over a binding or from a problem document. */
export function reviveError(value: unknown): unknown {
	if (typeof value !== "object" || value === null || isOurs(value))
		return value;
	const { code, message, index, issues, receipts } = value as Partial<
		RefusedError & PartialPublishError
	> & { code?: unknown };
	const text = String(message ?? "");
	const details = {
		...(typeof index === "number" && { index }),
		...(Array.isArray(issues) && { issues }),
	};
	switch (code as string) {
		case "forbidden":
			return new ForbiddenError(text, details);
		case "unauthorized":
			return new UnauthorizedError(text);
		case "unavailable":
			return new UnavailableError(text);
		case "tool_failed":
			return new ToolFailedError(text);
		case "partial_publish":
			return new PartialPublishError(Array.isArray(receipts) ? receipts : [], {
				cause: value,
			});
		case "batch_too_large":
		case "event_too_large":
		case "invalid_after":
		case "invalid_body":
		case "invalid_handler":
		case "invalid_name":
		case "invalid_request":
		case "invalid_token":
		case "not_supported":
		case "schema_violation":
		case "unknown_app":
		case "unknown_event":
		case "unknown_lane":
		case "unknown_tool":
			return new RefusedError(code as RefusalCode, text, details);
		default:
			return value;
	}
}

/** The same where each may take its time, one after the other. */
export function mapInTurn<Item, Result>(
	items: readonly Item[],
	each: (item: Item) => Awaitable<Result>,
): Awaitable<Result[]> {
	const results: Result[] = [];
	try {
		for (const item of items) {
			const result = each(item);
			if (result instanceof Promise) return mapOn(items, each, results, result);
			results.push(result);
		}
	} catch (error) {
		throw atIndex(error, results.length);
	}
	return results;
}

/** Goes on behind the one that is waited for. */
async function mapOn<Item, Result>(
	items: readonly Item[],
	each: (item: Item) => Awaitable<Result>,
	results: Result[],
	waitedFor: Promise<Result>,
): Promise<Result[]> {
	try {
		results.push(await waitedFor);
		while (results.length < items.length)
			results.push(await each(items[results.length] as Item));
	} catch (error) {
		throw atIndex(error, results.length);
	}
	return results;
}

/** Whether it is one of the classes above. */
export function isOurs(value: unknown): boolean {
	return (
		value instanceof RefusedError ||
		value instanceof ForbiddenError ||
		value instanceof UnauthorizedError ||
		value instanceof UnavailableError ||
		value instanceof ToolFailedError ||
		value instanceof PartialPublishError
	);
}
