/**
 * Errors for callers, one class for each way to react.
 *
 * An error that crosses a service binding loses its class but not its properties. `reviveError` restores the class by
 * `code`.
 */

/** The reason for a rejection, in the library, over a binding and in problem documents. */
export type RefusalCode =
	| "already_replayed"
	| "batch_too_large"
	| "event_too_large"
	| "idempotency_conflict"
	| "idempotency_pending"
	| "invalid_after"
	| "invalid_body"
	| "invalid_handler"
	| "invalid_name"
	| "invalid_request"
	| "invalid_token"
	| "not_configured"
	| "not_supported"
	| "route_not_found"
	| "schema_violation"
	| "unknown_app"
	| "unknown_event"
	| "unknown_handler"
	| "unknown_lane"
	| "unknown_name"
	| "unknown_tool";

/** One issue of a schema. `path` is its place in the body, such as `items.0.price`; empty for the whole body. */
export interface Issue {
	path: string;
	message: string;
}

/** The result of a publish. */
export interface Receipt {
	id: string;
	/** When `publish` was called, in epoch milliseconds. */
	time: number;
	/** Due time minus `time`, in milliseconds; 0 for an event that is not scheduled. */
	delay: number;
}

/** What all errors of a call have in common. */
class CallError extends Error {
	/** Status of the HTTP answer, if the call was made over HTTP. */
	declare readonly status?: number;
	/** Seconds until the call may be repeated, if the HTTP answer had the header `Retry-After`. */
	declare readonly retryAfterSeconds?: number;
}

/** The call is invalid, and nothing was accepted: fix the call. */
export class RefusedError extends CallError {
	override readonly name = "RefusedError";
	readonly code: RefusalCode;
	/** Index of the invalid event in a batch. */
	declare readonly index?: number;
	/** Issues of the schema, with `schema_violation`. */
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

/** The caller may not publish this name: extend its `publish` list or the scopes of its key. */
export class ForbiddenError extends CallError {
	override readonly name = "ForbiddenError";
	readonly code = "forbidden";
	declare readonly index?: number;

	constructor(message: string, details: { index?: number } = {}) {
		super(message);
		if (details.index !== undefined) this.index = details.index;
	}
}

/** The API key is missing or unknown. */
export class UnauthorizedError extends CallError {
	override readonly name = "UnauthorizedError";
	readonly code = "unauthorized";
}

/** The tool ran and failed. The message is the tool's. */
export class ToolFailedError extends CallError {
	override readonly name = "ToolFailedError";
	readonly code = "tool_failed";
}

/** A queue or an object is unavailable: publish the event again. */
export class UnavailableError extends CallError {
	override readonly name = "UnavailableError";
	readonly code = "unavailable";
}

/** Some or all events of a valid batch were not stored: publish the events at `failed` again. */
export class PartialPublishError extends CallError {
	override readonly name = "PartialPublishError";
	readonly code = "partial_publish";
	/** In the order of the batch; `null` for an event that was not stored. */
	readonly receipts: (Receipt | null)[];
	/** Indexes of the events that were not stored. */
	readonly failed: number[];

	constructor(receipts: (Receipt | null)[], options?: ErrorOptions) {
		const failed = receipts.flatMap((receipt, index) =>
			receipt === null ? [index] : [],
		);
		super(
			`${failed.length} of ${receipts.length} events were not stored (${failed.slice(0, 10).join(", ")}${failed.length > 10 ? ", …" : ""}): publish these again`,
			options,
		);
		this.receipts = receipts;
		this.failed = failed;
	}
}

/** Adds the index of an event to its error. Returns an error of another class unchanged. */
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

/** Maps a batch. An error has the index of its event. */
export function mapAtIndex<Item, Result>(
	items: readonly Item[],
	each: (item: Item) => Result,
): Result[] {
	const results: Result[] = [];
	try {
		// `map` would skip the gaps of a sparse array.
		while (results.length < items.length)
			results.push(each(items[results.length] as Item));
	} catch (error) {
		throw atIndex(error, results.length);
	}
	return results;
}

/**
 * Restores the class of an error that crossed a binding or came in a problem document. A newer version may have codes
 * that this one does not know.
 */
export function reviveError(value: unknown): unknown {
	if (typeof value !== "object" || value === null || isOurs(value))
		return value;
	const error = errorOf(value as Plain);
	if (error === undefined) return value;
	const { status, retryAfterSeconds } = value as Plain;
	return Object.assign(error, {
		...(typeof status === "number" && { status }),
		...(typeof retryAfterSeconds === "number" && { retryAfterSeconds }),
	});
}

/** An error as plain data. Another version or a proxy may have written it. */
type Plain = Partial<Record<keyof RefusedError | "receipts", unknown>> & {
	retryAfterSeconds?: unknown;
};

function errorOf(value: Plain): Error | undefined {
	const { name, code, message, index, issues, receipts } = value;
	const text = String(message ?? "");
	const details = {
		...(typeof index === "number" && { index }),
		...(Array.isArray(issues) && { issues }),
	};
	switch (code) {
		case "forbidden":
			return new ForbiddenError(text, details);
		case "unauthorized":
			return new UnauthorizedError(text);
		case "unavailable":
			return new UnavailableError(text);
		case "tool_failed":
			return new ToolFailedError(text);
		case "partial_publish":
			// Without receipts, it is unknown which events were stored.
			return isReceipts(receipts)
				? new PartialPublishError(receipts, { cause: value })
				: new UnavailableError(text, { cause: value });
		default:
			return typeof code === "string" && name === "RefusedError"
				? new RefusedError(code as RefusalCode, text, details)
				: undefined;
	}
}

function isReceipts(value: unknown): value is (Receipt | null)[] {
	return (
		Array.isArray(value) && value.every((one) => one === null || isReceipt(one))
	);
}

/** Whether an answer is a receipt. That of a newer version may have more members. */
export function isReceipt(answer: unknown): answer is Receipt {
	const { id, time, delay } = Object(answer) as Partial<Receipt>;
	return (
		typeof id === "string" &&
		id !== "" &&
		Number.isFinite(time) &&
		Number.isFinite(delay)
	);
}

/** Returns whether it is one of the classes above. */
export function isOurs(value: unknown): boolean {
	return value instanceof CallError;
}

/** Returns one of the errors above as plain data, which `reviveError` reads; undefined for any other error. */
export function plainError(error: unknown): object | undefined {
	return error instanceof Error && isOurs(error)
		? { ...error, message: error.message }
		: undefined;
}
