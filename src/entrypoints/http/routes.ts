/** Registers a path with its methods. Any other method gets 405 with the list of them. */
import type { Context, Handler, Hono } from "hono";
import type { Caller } from "./keys.ts";
import { HttpError } from "./problem.ts";

/** The environment and the variables of a request in Hono. */
export interface Http {
	Bindings: Cloudflare.Env & { API_KEYS?: string };
	Variables: { caller: Caller };
}

type Answer = (context: Context<Http>) => Response | Promise<Response>;

/** Registers the methods of one path. */
export function route(
	app: Hono<Http>,
	path: string,
	methods: Partial<Record<"GET" | "POST" | "PATCH" | "DELETE", Answer>>,
): void {
	for (const [method, answer] of Object.entries(methods))
		app.on(method, path, answer as Handler<Http>);
	const allow = Object.keys(methods).join(", ");
	app.all(path, ({ req }) => {
		throw new HttpError(
			"method_not_allowed",
			`${req.method} is not allowed for ${req.path}; use ${allow}`,
			{ allow },
		);
	});
}

/** Returns the value. @throws HttpError `not_found` if it is null or false */
export function found<Value>(value: Value | null | false, what: string): Value {
	if (value === null || value === false)
		throw new HttpError("not_found", `there is no ${what}`);
	return value;
}
