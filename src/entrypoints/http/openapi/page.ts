/** Shows the description of the API as one page without scripts. Only the dashboard imports it. */
import type { ApiDocument, DescribedOperation } from "./document.ts";
import type { JsonSchema } from "./json-schema.ts";

const STYLE = `:root{color-scheme:light dark;background:Canvas;font:1rem/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:auto;padding:1rem;overflow-wrap:anywhere}
h3{font-size:1rem}
summary{cursor:pointer;border-top:1px solid;padding:.5rem 0}
code,pre,dt{font-family:ui-monospace,monospace}
pre{white-space:pre-wrap}`;

/** Responds with the page. */
export async function openapiPage({
	info,
	servers,
	paths,
	components,
}: ApiDocument): Promise<Response> {
	const base = servers[0]?.url.replace(/\/$/, "") ?? "";
	const title = `${info.title}: the HTTP API`;
	let page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style><main><h1>${title}</h1><p>${text(info.description)}</p><p>Send <code>Authorization: Bearer &lt;key&gt;</code>. For programs: <a href="${text(base)}/openapi.json">openapi.json</a>.</p>`;
	let group = "";
	for (const [path, methods] of Object.entries(paths))
		for (const [method, operation] of Object.entries(methods)) {
			const [tag] = operation.tags;
			if (tag !== group) page += `<h2>${text(tag)}</h2>`;
			group = tag;
			page += `<details><summary><code>${method.toUpperCase()} ${text(base + path)}</code><br>${text(operation.summary)}</summary>${detailsOf(operation)}</details>`;
		}
	page += "<h2>Forms</h2>";
	for (const [id, schema] of Object.entries(components.schemas)) {
		page += `<h3 id="${id}">${id}</h3><pre>${text(formOf(schema))}</pre>`;
		for (const example of (schema.examples ?? []) as unknown[])
			page += `<p>Example: <code>${text(JSON.stringify(example))}</code></p>`;
	}
	return new Response(`${page}</main></html>`, {
		headers: {
			"content-type": "text/html; charset=utf-8",
			"content-security-policy": `default-src 'none'; style-src '${await hashOf(STYLE)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
			"x-content-type-options": "nosniff",
		},
	});
}

function detailsOf({
	security,
	parameters,
	requestBody,
	responses,
}: DescribedOperation): string {
	const keys = security.map(
		(one) =>
			Object.entries(one).map(([kind, scopes]) => `${kind} ${scopes}`)[0] ??
			"none",
	);
	return `<dl>${[
		term("access", text(keys.join(" or ") || "none")),
		...parameters.map(({ name, required, description = "" }) =>
			term(name + (required ? "" : "?"), text(description)),
		),
		contentOf("content", requestBody?.content),
		...Object.entries(responses).map(([status, response]) =>
			"description" in response
				? contentOf(status, response.content)
				: contentOf(status, { "": { schema: { $ref: "/Problem" } } }),
		),
	].join("")}</dl>`;
}

function contentOf(
	name: string,
	content: Record<string, { schema: JsonSchema }> = {},
): string {
	return Object.entries(content)
		.map(([type, { schema }]) => {
			const form = text(formOf(schema));
			return term(
				name,
				`${text(type)} ${schema.$ref ? `<a href="#${form}">${form}</a>` : form}`,
			);
		})
		.join("");
}

/** @param description HTML */
function term(name: string, description: string): string {
	return `<dt>${text(name)}<dd>${description}`;
}

/** Writes a schema as TypeScript would: `{ id: string, after?: any }`. */
function formOf(schema: JsonSchema, indent = "\n"): string {
	const { $ref, anyOf, const: only, items, properties, required = [] } = schema;
	const form = (part: unknown) => formOf(part as JsonSchema, indent);
	if ($ref) return $ref.slice($ref.lastIndexOf("/") + 1);
	if (anyOf) return anyOf.map(form).join(" | ");
	if (items) return `Array<${form(items)}>`;
	if (properties) {
		const deeper = `${indent}  `;
		const lines = Object.entries(properties).map(([name, property]) => {
			const { description } = property as JsonSchema;
			const mark = required.includes(name) ? "" : "?";
			return `${deeper}${name}${mark}: ${formOf(property as JsonSchema, deeper)}${description ? `  // ${description}` : ""}`;
		});
		return `{${lines.join("")}${indent}}`;
	}
	if (typeof schema.additionalProperties === "object")
		return `{ [key]: ${form(schema.additionalProperties)} }`;
	return (
		(schema.enum ?? ((only !== undefined && [only]) || []))
			.map((one) => JSON.stringify(one))
			.join(" | ") || [schema.type ?? "any"].flat().join(" | ")
	);
}

/** Escapes text for HTML. */
function text(text: string): string {
	return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}

async function hashOf(text: string): Promise<string> {
	const bytes = new TextEncoder().encode(text);
	const digest = await crypto.subtle.digest("SHA-256", bytes);
	return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
