/** Turns errors into problem documents (RFC 9457) with a stable `code`. An unknown error must not leak its message. */
import type { Context } from "hono";
import { routePath } from "hono/route";
import type { Issue, Receipt } from "../../event/errors.ts";
import { log } from "../../platform/log.ts";

const STATUS = {
	invalid_json: 400,
	invalid_request: 400,
	invalid_token: 401,
	unauthorized: 401,
	forbidden: 403,
	not_found: 404,
	route_not_found: 404,
	unknown_app: 404,
	unknown_event: 404,
	unknown_tool: 404,
	method_not_allowed: 405,
	already_replayed: 409,
	idempotency_pending: 409,
	batch_too_large: 413,
	event_too_large: 413,
	unsupported_media_type: 415,
	idempotency_conflict: 422,
	rate_limited: 429,
	invalid_name: 422,
	invalid_after: 422,
	invalid_body: 422,
	schema_violation: 422,
	unknown_handler: 422,
	unknown_lane: 422,
	unknown_name: 422,
	not_configured: 501,
	not_supported: 501,
	partial_publish: 503,
	tool_failed: 500,
	webhook_failed: 500,
	gone: 410,
	content_too_large: 413,
	unavailable: 503,
} as const;

type ProblemCode = keyof typeof STATUS;

const TITLES: Record<number, string> = {
	400: "Bad Request",
	401: "Unauthorized",
	403: "Forbidden",
	404: "Not Found",
	405: "Method Not Allowed",
	409: "Conflict",
	410: "Gone",
	413: "Content Too Large",
	415: "Unsupported Media Type",
	422: "Unprocessable Content",
	429: "Too Many Requests",
	500: "Internal Server Error",
	501: "Not Implemented",
	503: "Service Unavailable",
};

/** Returns the status of each code. */
export function statusByCode(): Readonly<Record<string, number>> {
	return { ...STATUS, internal: 500 };
}

/** An error that only the HTTP API has. */
export class HttpError extends Error {
	readonly code: ProblemCode;
	readonly headers: Record<string, string>;

	constructor(
		code: ProblemCode,
		message: string,
		headers: Record<string, string> = {},
	) {
		super(message);
		this.code = code;
		this.headers = headers;
	}
}

/** The fields of an error with a code, of any class. */
interface CodedError {
	code?: unknown;
	message?: string;
	index?: number;
	issues?: Issue[];
	receipts?: (Receipt | null)[];
	failed?: number[];
	headers?: Record<string, string>;
}

interface RequestFields {
	method: string;
	/** The path of the route, such as `/v1/events/:id`. */
	path: string;
}

/** Returns what the log says of a request: the registered path, because its URL may contain the secret of a webhook. */
export function requestFields(context: Context): RequestFields {
	return { method: context.req.method, path: routePath(context, -1) };
}

/** The longest `retry-after`, in seconds. */
const MAX_RETRY_AFTER = 5;

/**
 * Turns any thrown value into a response. Logs an error that is not ours; its response does not describe it.
 *
 * @param request identifies the request in the log
 */
export function problem(
	thrown: unknown,
	request?: RequestFields,
	random = Math.random,
): Response {
	const error = (thrown ?? {}) as CodedError;
	const { message = "", index, issues, receipts, failed, headers } = error;
	if (!isCode(error.code)) {
		log("request_failed", { ...request, error: thrown });
		return respond(500, "internal", "the request failed; the log says why");
	}
	const { code } = error;
	const details = { index, issues: issues && shown(issues), receipts, failed };
	// Only the app's developer may see the error of its code.
	const detail =
		code === "tool_failed" ? "the tool failed; the log says why" : message;
	return respond(STATUS[code], code, detail, details, {
		...(STATUS[code] === 401 && { "www-authenticate": challenge(code) }),
		// With jitter, so that callers do not retry at the same time after an overload.
		...(STATUS[code] === 503 && {
			"retry-after": String(1 + Math.floor(random() * MAX_RETRY_AFTER)),
		}),
		...headers,
	});
}

/** Issues in a response, and characters of their texts. A body may have a hundred thousand. */
const ISSUES = 100;
const ISSUE_LENGTH = 1_000;

function shown(issues: readonly Issue[]): Issue[] {
	return issues.slice(0, ISSUES).map(({ path, message }) => ({
		path: path.slice(0, ISSUE_LENGTH),
		message: message.slice(0, ISSUE_LENGTH),
	}));
}

/** RFC 6750: the challenge for a request without credentials has no error code. */
function challenge(code: ProblemCode): string {
	return code === "unauthorized" ? "Bearer" : `Bearer error="${code}"`;
}

function isCode(code: unknown): code is ProblemCode {
	return typeof code === "string" && Object.hasOwn(STATUS, code);
}

function respond(
	status: number,
	code: string,
	detail: string,
	details: object = {},
	headers: Record<string, string> = {},
): Response {
	const title = TITLES[status] ?? "Error";
	return Response.json(
		{ type: "about:blank", title, status, code, detail, ...details },
		{
			status,
			headers: {
				"cache-control": "no-store",
				...headers,
				"content-type": "application/problem+json",
			},
		},
	);
}
