/**
 * Sends requests of the operating API, over HTTP or through a binding to the entrypoint `Operator`. It has no routes.
 */
import {
	checkHttpTarget,
	type HttpTarget,
	isHttpTarget,
	senderTo,
} from "./http.ts";

/** A binding to the entrypoint `Operator` of the owner. */
export interface OperatorBinding {
	fetch(request: Request): Promise<Response>;
}

/** Returns the path of a resource, with the values of its parameters. */
export function path(
	resource: string,
	parts: readonly string[] = [],
	query: object = {},
): string {
	const given = Object.entries(query).filter(
		([, value]) => value !== undefined,
	);
	const search = new URLSearchParams(given.map(([k, v]) => [k, String(v)]));
	const all = ["/v1", resource, ...parts.map(encodeURIComponent)].join("/");
	return given.length > 0 ? `${all}?${search}` : all;
}

/** Returns null if the call says that there is no such thing. */
export async function orNull<Result>(
	call: Promise<Result>,
): Promise<Result | null> {
	return call.catch((error) => {
		if (error.code === "not_found") return null;
		throw error;
	});
}

/** Returns whether there was such a thing. */
export async function done(call: Promise<unknown>): Promise<boolean> {
	return (await orNull(call)) !== null;
}

/** @throws TypeError for an invalid target */
export function senderToOperator(target: HttpTarget | OperatorBinding) {
	const send = senderTo(httpTargetOf(target));
	return async <Result>(
		method: string,
		path: string,
		body?: unknown,
		reported?: number,
	): Promise<Result> =>
		(await send(method, path, body, reported)).json as Result;
}

function httpTargetOf(target: HttpTarget | OperatorBinding): HttpTarget {
	if (isHttpTarget(Object(target))) {
		checkHttpTarget(target as HttpTarget);
		return target as HttpTarget;
	}
	const { fetch } = Object(target) as OperatorBinding;
	if (typeof fetch !== "function")
		throw new TypeError(
			"tidings: createAdmin: the target is neither a binding nor { url, key }; bind the owner's Operator entrypoint in [[services]], or give { url, key }",
		);
	// The entrypoint knows its caller by the binding, so the key is never read.
	const via = (request: Request) => (target as OperatorBinding).fetch(request);
	return { url: "https://operator", key: "binding", fetch: via };
}
