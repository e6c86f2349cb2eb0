/** Shows the description of the API as one page without scripts. */
import { html } from "hono/html";
import type {
	ApiDocument,
	DescribedOperation,
	JsonSchema,
} from "./document.ts";

const STYLE = `:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:auto;padding:1rem}
h2{margin-top:2rem}
h3{margin:0;font-size:1rem;display:inline}
details{border-top:1px solid #8886;padding:.5rem 0}
summary{cursor:pointer}
summary p{margin:0 0 0 1rem}
code,pre{font:.9rem/1.4 ui-monospace,monospace}
pre{overflow-x:auto;background:#8882;padding:.5rem}
dt{font-family:ui-monospace,monospace}`;

/** Responds with the page. */
export async function openapiPage(document: ApiDocument): Promise<Response> {
	const { info, paths, servers, components } = document;
	const base = servers[0]?.url.replace(/\/$/, "") ?? "";
	const operations = Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({
			...operation,
			call: `${method.toUpperCase()} ${base}${path}`,
		})),
	);
	const groups = Object.groupBy(operations, ({ tags: [tag] }) => tag);
	const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${info.title}: the HTTP API</title>
<style>${STYLE}</style>
<main>
<h1>${info.title}: the HTTP API</h1>
<p>${info.description}</p>
<p>Send <code>Authorization: Bearer &lt;key&gt;</code>. For programs: <a href="${base}/openapi.json">openapi.json</a>.</p>
${Object.entries(groups).map(
	([tag, members = []]) => html`<section><h2>${tag}</h2>
${members.map(operationPart)}</section>`,
)}
<section><h2>Forms</h2>
${Object.entries(components.schemas).map(
	([id, schema]) =>
		html`<details id="${id}"><summary><h3>${id}</h3></summary><pre>${formOf(schema)}</pre></details>`,
)}</section>
</main>
</html>`;
	return new Response(String(await page), {
		headers: {
			"content-type": "text/html; charset=utf-8",
			"content-security-policy": `default-src 'none'; style-src '${await hashOf(STYLE)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
			"x-content-type-options": "nosniff",
		},
	});
}

function operationPart({
	call,
	summary,
	security,
	parameters,
	requestBody,
	responses,
}: DescribedOperation & { call: string }) {
	return html`<details><summary><h3><code>${call}</code></h3><p>${summary}</p></summary>
<dl><dt>access</dt><dd>${accessOf(security)}</dd>
${parameters.map(
	({ name, in: place, required, description = "" }) =>
		html`<dt>${name}</dt><dd>${place}${required ? ", required" : ""}${description && `: ${description}`}</dd>`,
)}
${contentPart("content", requestBody?.content)}
${Object.entries(responses).map(([status, response]) =>
	"description" in response
		? response.content
			? contentPart(status, response.content)
			: html`<dt>${status}</dt><dd>no content</dd>`
		: html`<dt>${status}</dt><dd><a href="#Problem">Problem</a></dd>`,
)}</dl></details>`;
}

function contentPart(
	term: string,
	content: Record<string, { schema: JsonSchema }> = {},
) {
	return Object.entries(content).map(([type, { schema }]) => {
		const form = formOf(schema);
		return html`<dt>${term}</dt><dd>${type}: ${schema.$ref ? html`<a href="#${form}">${form}</a>` : html`<code>${form}</code>`}</dd>`;
	});
}

function accessOf(security: DescribedOperation["security"]): string {
	if (security.length === 0) return "no key";
	return security
		.map((one) =>
			Object.entries(one)
				.map(([scheme, [scope]]) =>
					scope === undefined
						? `a ${scheme}'s token`
						: `a ${scheme} with ${scope}`,
				)
				.join(" and "),
		)
		.map((one) => one || "no key")
		.join(", or ");
}

/** Writes a schema as TypeScript would: `{ id: string, after?: any }`. */
function formOf(schema: JsonSchema, indent = ""): string {
	const { $ref, enum: values, properties, required = [], items } = schema;
	const options = schema.anyOf ?? schema.oneOf;
	if ($ref) return $ref.slice($ref.lastIndexOf("/") + 1);
	if (values) return values.map((one) => JSON.stringify(one)).join(" | ");
	if (schema.const !== undefined) return JSON.stringify(schema.const);
	if (options)
		return options.map((one) => formOf(one as JsonSchema, indent)).join(" | ");
	if (items) return `(${formOf(items as JsonSchema, indent)})[]`;
	if (properties) {
		const deeper = `${indent}  `;
		const lines = Object.entries(properties).map(([name, property]) => {
			const { description } = property as JsonSchema;
			const mark = required.includes(name) ? "" : "?";
			return `${deeper}${name}${mark}: ${formOf(property as JsonSchema, deeper)}${description ? `  // ${description}` : ""}\n`;
		});
		return `{\n${lines.join("")}${indent}}`;
	}
	if (typeof schema.additionalProperties === "object")
		return `{ [key]: ${formOf(schema.additionalProperties as JsonSchema, indent)} }`;
	return [schema.type ?? "any"].flat().join(" | ");
}

async function hashOf(text: string): Promise<string> {
	const bytes = new TextEncoder().encode(text);
	const digest = await crypto.subtle.digest("SHA-256", bytes);
	return `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`;
}
