/** Describes the API in OpenAPI 3.1, from the routes that are registered. It runs none of them. */
import type { Hono } from "hono";
import * as z from "zod";
import { type Http, type Operation, operationOf } from "../operation.ts";

import { type JsonSchema, jsonSchemaOf, namedSchemas } from "./json-schema.ts";
import { Problem } from "./problem-answer.ts";

interface Content {
	[mediaType: string]: { schema: JsonSchema };
}

interface Parameter {
	name: string;
	in: "path" | "query" | "header";
	required: boolean;
	description?: string;
	schema: JsonSchema;
}

export interface DescribedOperation {
	operationId: string;
	summary: string;
	tags: [string];
	security: Record<string, string[]>[];
	parameters: Parameter[];
	requestBody?: { required: boolean; content: Content };
	responses: Record<
		string,
		{ description: string; content?: Content } | { $ref: string }
	>;
}

export interface ApiDocument {
	openapi: "3.1.0";
	info: { title: string; version: string; description: string };
	servers: { url: string }[];
	paths: Record<string, Record<string, DescribedOperation>>;
	components: {
		schemas: Record<string, JsonSchema>;
		responses: { Problem: { description: string; content: Content } };
		securitySchemes: Record<
			string,
			{ type: "http"; scheme: "bearer"; description: string }
		>;
	};
}

/** @param prefix of all paths */
export function describeApi(app: Hono<Http>, prefix: string): ApiDocument {
	const paths: ApiDocument["paths"] = {};
	for (const { path, method, handler } of app.routes) {
		const operation = operationOf(handler);
		if (!operation) continue;
		const shown = shownPath(path.slice(prefix.length));
		paths[shown] = {
			...paths[shown],
			// OpenAPI has no word for all methods.
			[method === "ALL" ? "post" : method.toLowerCase()]: describe(
				operation,
				shown,
			),
		};
	}
	return {
		openapi: "3.1.0",
		info: {
			title: "Tidings",
			version: "1",
			description:
				"Publishes, schedules and handles events. Errors are problem documents (RFC 9457) with a stable code. Times are in epoch milliseconds. Readers must ignore members that they do not know.",
		},
		servers: [{ url: prefix || "/" }],
		paths,
		components: {
			schemas: namedSchemas(),
			responses: {
				Problem: {
					description: "A problem document",
					content: contentOf({ "application/problem+json": Problem }),
				},
			},
			securitySchemes: {
				key: {
					type: "http",
					scheme: "bearer",
					description:
						"An API key, tid_<id>_<secret>. Its scopes are publish, publish:<pattern>, read and admin, which includes the others.",
				},
				user: {
					type: "http",
					scheme: "bearer",
					description: "A JWT of an issuer in tidings.config.ts",
				},
			},
		},
	};
}

function refTo(place: string): { $ref: string } {
	return { $ref: `#/components/${place}` };
}

/** `/v1/apps/:scope/:name/…` and `/v1/apps/:app/…` are one path, `/v1/apps/{app}/…`. */
function shownPath(path: string): string {
	return path
		.replace("/:scope/:name", "/:app")
		.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
}

const SECURITY: Record<Operation["access"], Record<string, string[]>[]> = {
	read: [{ key: ["read"] }],
	admin: [{ key: ["admin"] }],
	publish: [{ key: ["publish"] }],
	user: [{ user: [] }, { key: ["admin"] }],
	optional: [{}, { key: ["read"] }],
	open: [],
};

const DESCRIPTIONS: Record<number, string> = {
	200: "OK",
	201: "Created",
	202: "Accepted",
	204: "No content",
	503: "Not healthy",
};

const PATH_PARAMETERS: Record<string, string> = {
	app: "the name of an app, @scope/name, with its / encoded as %2F",
	event: "the short name of an app's event",
	id: "as in the list, percent-encoded",
	run: "of the selftest, as POST /v1/selftest returns it",
	secret: "of the webhook",
	tool: "the name of a tool",
};

function describe(operation: Operation, path: string): DescribedOperation {
	const { id, summary, access, query, headers, content, answers } = operation;
	const [, first = "", second = ""] = path.split(/[/.]/);
	return {
		operationId: id,
		summary,
		tags: [first === "v1" ? second : first],
		security: SECURITY[access],
		parameters: [
			...[...path.matchAll(/\{(\w+)\}/g)].map(
				([, name = ""]): Parameter => ({
					name,
					in: "path",
					required: true,
					description: PATH_PARAMETERS[name] ?? name,
					schema: { type: "string" },
				}),
			),
			...(query ? parametersOf("query", query) : []),
			...(headers ? parametersOf("header", headers) : []),
		],
		...(content && {
			requestBody: {
				required: !operation.isContentOptional,
				content: contentOf(content),
			},
		}),
		responses: {
			...Object.fromEntries(
				Object.entries(answers).map(([status, answer]) => [
					status,
					answerOf(answer, Number(status)),
				]),
			),
			default: refTo("responses/Problem"),
			...(access !== "open" && { 401: refTo("responses/Problem") }),
		},
	};
}

function parametersOf(
	place: "query" | "header",
	schema: z.ZodType,
): Parameter[] {
	const { properties = {}, required = [] } = jsonSchemaOf(schema);
	return Object.entries(properties).map(([name, property]) => {
		const { description, ...rest } = property as JsonSchema;
		return {
			name,
			in: place,
			required: required.includes(name),
			...(description !== undefined && { description }),
			schema: rest,
		};
	});
}

function answerOf(answer: Operation["answers"][number], status: number) {
	const description = DESCRIPTIONS[status] ?? "Other";
	if (answer === null) return { description };
	const content =
		typeof answer === "string"
			? { [answer]: { schema: {} } }
			: contentOf({
					...(answer instanceof z.ZodType
						? { "application/json": answer }
						: answer),
					// An outage of a store has this status, too.
					...(status >= 400 && { "application/problem+json": Problem }),
				});
	return { description, content };
}

function contentOf(schemas: Readonly<Record<string, z.ZodType>>): Content {
	return Object.fromEntries(
		Object.entries(schemas).map(([mediaType, schema]) => [
			mediaType,
			{ schema: jsonSchemaOf(schema) },
		]),
	);
}
