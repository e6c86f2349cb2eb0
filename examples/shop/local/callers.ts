/** How the demo calls the two Workers: like anyone outside of them, by HTTP. */

/** How one Worker is reached. */
export type Fetch = (
	path: string,
	init: { method: string; headers: Record<string, string>; body?: string },
) => Promise<{ status: number; text(): Promise<string> }>;

export type Call = <Body = unknown>(
	method: "GET" | "POST" | "PATCH" | "DELETE",
	path: string,
	body?: object,
) => Promise<{ status: number; body: Body }>;

/**
 * Calls a Worker. Rejects when it answers that it failed.
 *
 * @param tell is told of each request that changes something, before it is sent, and of each refusal
 */
export function caller(
	worker: string,
	fetch: Fetch,
	key: string | undefined,
	tell: (text: string) => void,
): Call {
	return async (method, path, body) => {
		const json = body && JSON.stringify(body);
		if (method !== "GET")
			tell(`→ ${worker} ${method} ${shortened(path)} ${json ?? ""}`.trimEnd());
		const response = await fetch(path, {
			method,
			headers: {
				...(key !== undefined && { authorization: `Bearer ${key}` }),
				...(json !== undefined && { "content-type": "application/json" }),
			},
			...(json !== undefined && { body: json }),
		});
		const { status } = response;
		const text = await response.text();
		if (status >= 500)
			throw new Error(`${worker}: ${method} ${path}: ${status} ${text}`);
		if (status >= 400) tell(`← ${status} ${text}`);
		return { status, body: text === "" ? undefined : JSON.parse(text) };
	};
}

/** Of an event's id only the part that the other lines show. */
function shortened(path: string): string {
	return path.replace(/[0-9a-f-]{28}([0-9a-f]{6})[0-9a-f]{2}/, "…$1");
}
