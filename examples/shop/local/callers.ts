/** Calls the Workers of the demo over HTTP, like any external client. */

/** Sends a request to one Worker. */
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
 * Creates a function that calls a Worker. It rejects when the status is 500 or more.
 *
 * @param log gets a line for each request except GET, before it is sent, and for each 4xx answer
 */
export function caller(
	worker: string,
	fetch: Fetch,
	key: string | undefined,
	log: (text: string) => void,
): Call {
	return async (method, path, body) => {
		const json = body && JSON.stringify(body);
		if (method !== "GET")
			log(`→ ${worker} ${method} ${shortened(path)} ${json ?? ""}`.trimEnd());
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
		if (status >= 400) log(`← ${status} ${text}`);
		return { status, body: text === "" ? undefined : JSON.parse(text) };
	};
}

/** Shortens the id of an event to the part that the other lines show. */
function shortened(path: string): string {
	return path.replace(/[0-9a-f-]{28}([0-9a-f]{6})[0-9a-f]{2}/, "…$1");
}
