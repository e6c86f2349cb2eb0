/** A path with its methods; any other method is answered with those that it has. */
import type { Context, Handler, Hono } from "hono";
import type { Caller } from "./keys.ts";
import { HttpError } from "./problem.ts";

/** What a request carries on its way: who sent it. */
export interface Http {
	Bindings: Cloudflare.Env & { API_KEYS?: string };
	Variables: { caller: Caller };
}

export type Answer = (context: Context<Http>) => Response | Promise<Response>;

/** Registers the methods of one path. @throws HttpError `method_not_allowed` for any other, when it is called */
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
			`${req.method} ${req.path}: use ${allow}`,
			{ allow },
		);
	});
}

/** @throws HttpError `not_found` when there is none */
export function found<Value>(value: Value | null | false, what: string): Value {
	if (value === null || value === false)
		throw new HttpError("not_found", `there is no ${what}`);
	return value;
}
