/** Compares answers with the description of the API. Every test that calls the API checks its answers with this. */
import { Validator } from "@cfworker/json-schema";
import type { Events } from "tidings";
import { createApp } from "../../src/entrypoints/http/app.ts";
import { appRoutes } from "../../src/entrypoints/http/apps/routes.ts";
import {
	type ApiDocument,
	describeApi,
} from "../../src/entrypoints/http/openapi/document.ts";
import { selftestRoutes } from "../../src/entrypoints/http/selftest.ts";
import { appsOf, portsOf } from "../../src/registration.ts";

/** The API, with the routes of apps if the Worker has them. */
function apiOf(events: Events) {
	const { ports } = appsOf(events);
	const apps = ports ? appRoutes(ports) : undefined;
	const selftest = selftestRoutes(portsOf(events));
	return createApp(portsOf(events), { retention: 1, apps, selftest });
}

let document: ApiDocument | undefined;

/** Returns the description of the API of the Worker that owns these events. */
export function describedBy(events: Events): ApiDocument {
	document ??= describeApi(apiOf(events), "");
	return document;
}

/** @throws Error if the answer of a described method has another form, or members that the description lacks */
export function checkAnswer(
	events: Events,
	method: string,
	url: string,
	{
		status,
		headers,
		json,
	}: { status: number; headers: Headers; json: unknown },
): void {
	const { paths, components } = describedBy(events);
	const { pathname } = new URL(url, "https://events.test");
	const [, methods] =
		Object.entries(paths).find(
			([path, methods]) =>
				method.toLowerCase() in methods && regexOf(path).test(pathname),
		) ?? [];
	const operation = methods?.[method.toLowerCase()];
	if (!operation) return;
	const { responses } = operation;
	const response = responses[status] ?? responses.default;
	const [type = ""] = (headers.get("content-type") ?? "").split(";");
	const content =
		response && "description" in response
			? response.content
			: components.responses.Problem.content;
	const schema = content?.[type]?.schema;
	if (!schema) {
		if (type === "" || content?.["*/*"]) return;
		throw new Error(
			`${method} ${pathname} answers ${status} with ${type}, which its description does not have`,
		);
	}
	const { valid, errors } = new Validator(
		strict({ ...schema, components }) as object,
	).validate(json);
	if (!valid)
		throw new Error(
			`${method} ${pathname} answers ${status}, which its description in src/entrypoints/http/openapi/ does not say: ${JSON.stringify(errors.at(-1))} in ${JSON.stringify(json)}`,
		);
}

/** The id of a dead letter, and the name of an app, have slashes. */
function regexOf(path: string): RegExp {
	return new RegExp(`^${path.replace(/\{\w+\}/g, ".+")}$`);
}

/** A member that is not described is an error here, though not for readers. */
function strict(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(strict);
	if (typeof value !== "object" || value === null) return value;
	const members = Object.fromEntries(
		Object.entries(value).map(([key, member]) => [key, strict(member)]),
	);
	return typeof members.properties === "object" &&
		members.additionalProperties === undefined
		? { ...members, additionalProperties: false }
		: members;
}
