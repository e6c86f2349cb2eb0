/** Registers a path with its methods. Any other method gets 405 with the list of them. */
import type { Context, Handler, Hono } from "hono";
import { show } from "../../event/validation.ts";
import type { Caller } from "./keys.ts";
import { HttpError } from "./problem.ts";

/** The environment and the variables of a request in Hono. */
export interface Http {
	Bindings: Cloudflare.Env;
	Variables: { caller: Caller };
}

type Answer = (context: Context<Http>) => Response | Promise<Response>;

/** What answers each method of a path. */
export type Methods = Partial<
	Record<"GET" | "POST" | "PATCH" | "DELETE", Answer>
>;

/** Registers the methods of one path. */
export function route(app: Hono<Http>, path: string, methods: Methods): void {
	for (const [method, answer] of Object.entries(methods))
		app.on(method, path, answer as Handler<Http>);
	const allow = Object.keys(methods).join(", ");
	app.all(path, ({ req }) => {
		throw new HttpError(
			"method_not_allowed",
			`${show(req.method)} is not allowed for ${show(req.path)}; use ${allow}`,
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

/**
 * Returns the paths with an app's name: `/@scope/name`, or as one segment, since clients encode the slash as `%2F`.
 * `appIn` reads it.
 */
export function appPaths(before: string, after: string): string[] {
	return [`${before}/:scope/:name${after}`, `${before}/:app${after}`];
}

export function appIn({ req }: Context<Http>): string {
	const { app, scope, name } = req.param() as Record<string, string>;
	return app ?? `${scope}/${name}`;
}
