/**
 * Registers what answers each method of a path, with its description. The description of the API is made of what is
 * registered here, so a route without one cannot exist.
 */
import type { Context, Handler, Hono } from "hono";
import type * as z from "zod";
import { show } from "../../event/validation.ts";
import { check, queryOf } from "./input.ts";
import { type Caller, requireScope } from "./keys.ts";
import { HttpError } from "./problem.ts";

/** The environment and the variables of a request in Hono. */
export interface Http {
	Bindings: Cloudflare.Env;
	Variables: { caller: Caller };
}

/** What answers one method of a path, and what the description of the API says of it. */
export interface Operation<Query extends z.ZodType = z.ZodType> {
	/** Unique, because generated clients have a function of this name: `listJobs`. */
	id: string;
	/** One line in the present tense. */
	summary: string;
	/**
	 * - `read`, `admin`: the scope of the key, which is checked before `answer` is called
	 * - `publish`: `answer` checks the scope, because it depends on the name of the event
	 * - `user`: a user's token, or a key with `admin`; `answer` checks which
	 * - `optional`: a key shows more
	 * - `open`: no key
	 */
	access: "read" | "admin" | "publish" | "user" | "optional" | "open";
	/** The parameters of the query, which are checked before `answer` is called. Default: they are not read. */
	query?: Query;
	/** The headers that `answer` reads. */
	headers?: z.ZodObject;
	/** The content that `answer` reads, by media type. */
	content?: Readonly<Record<string, z.ZodType>>;
	/** Whether a request may have no content. Default: it may not. */
	isContentOptional?: true;
	/** The content of each success, by status. */
	answers: Readonly<Record<number, Answered>>;
	answer(
		context: Context<Http>,
		query: z.output<Query>,
	): Response | Promise<Response>;
}

/** JSON; or JSON of several media types; or a media type; or null without content. */
type Answered =
	| z.ZodType
	| Readonly<Record<`application/${string}`, z.ZodType>>
	| string
	| null;

/** What answers each method of a path. Only GET has a query: the others read their content. */
interface Methods<Query extends z.ZodType> {
	GET?: Operation<Query>;
	POST?: Operation;
	PATCH?: Operation;
	DELETE?: Operation;
}

const operations = new WeakMap<object, Operation>();

/** Returns the operation of a registered handler; undefined for middleware. */
export function operationOf(handler: object): Operation | undefined {
	return operations.get(handler);
}

/** Registers the methods of one path. Any other method gets 405 with the list of them. */
export function route<Query extends z.ZodType>(
	app: Hono<Http>,
	path: string,
	methods: Methods<Query>,
): void {
	for (const [method, operation] of Object.entries(methods))
		app.on(method, path, handlerOf(operation));
	const allow = Object.keys(methods).join(", ");
	app.all(path, ({ req }) => {
		throw new HttpError(
			"method_not_allowed",
			`${show(req.method)} is not allowed for ${show(req.path)}; use ${allow}`,
			{ allow },
		);
	});
}

/**
 * Registers POST for what is done with an item, such as `/:id{.+}/retry`. Call it before `route` for the item: an id
 * may contain slashes and end like this path, so the other methods are those of the item.
 */
export function actionRoute(
	app: Hono<Http>,
	path: string,
	operation: Operation,
): void {
	app.post(path, handlerOf(operation));
}

/** Registers all methods. The description shows POST, because it has no word for all. */
export function anyMethodRoute(
	app: Hono<Http>,
	path: string,
	operation: Operation,
): void {
	app.all(path, handlerOf(operation));
}

function handlerOf(operation: Operation): Handler<Http> {
	const { access, query } = operation;
	const handler: Handler<Http> = (context) => {
		if (access === "read" || access === "admin")
			requireScope(context.var.caller, access);
		return operation.answer(
			context,
			query && check(query, queryOf(context.req.raw)),
		);
	};
	operations.set(handler, operation);
	return handler;
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
